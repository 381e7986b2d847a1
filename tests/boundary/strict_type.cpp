// A type with an input function of its own that finds values wrong in the words of other people's extensions, for
// tests/regress/sql/load_foreign_types.sql: a text that begins with "!" and an SQLSTATE is an error of that SQLSTATE.

#include "pg/guard.hpp"

#include "pg/server.hpp"

FERRY_C_FUNCTION(strict_in) {
  return ferry::pg::boundary([&]() -> Datum {
    const char* const words = PG_GETARG_CSTRING(0);
    return ferry::pg::call([words] {
      if (words[0] == '!' && strlen(words) == 6)
        ereport(ERROR,
                (errcode(MAKE_SQLSTATE(words[1], words[2], words[3], words[4], words[5])), errmsg("strict type: \"%s\"", words)));
      return CStringGetTextDatum(words);
    });
  });
}

FERRY_C_FUNCTION(strict_out) {
  return ferry::pg::boundary([&]() -> Datum {
    const Datum value = PG_GETARG_DATUM(0);
    return ferry::pg::call([value] { return CStringGetDatum(TextDatumGetCString(value)); });
  });
}
