#include "map/types/output_settings.hpp"

#include <algorithm>
#include <iterator>

extern "C" {
#include "utils/guc.h"
}

namespace ferry::map {
namespace {

struct Setting {
  const char* name;
  const char* value;
};

constexpr Setting kSettings[] = {
    {"DateStyle", "ISO, YMD"},        {"IntervalStyle", "postgres"}, {"TimeZone", "UTC"},
    {"extra_float_digits", "1"},      {"bytea_output", "hex"},       {"search_path", ""},
    {"quote_all_identifiers", "off"},
};

constexpr Oid kIndependent[] = {
    BITOID,
    VARBITOID,
    CHAROID,
    CIDOID,
    CIDROID,
    INETOID,
    INT2VECTOROID,
    INT4RANGEOID,
    INT4MULTIRANGEOID,
    INT8RANGEOID,
    INT8MULTIRANGEOID,
    JSONPATHOID,
    MACADDROID,
    MACADDR8OID,
    NUMRANGEOID,
    NUMMULTIRANGEOID,
    OIDVECTOROID,
    PG_LSNOID,
    TIDOID,
    TIMETZOID,
    TSQUERYOID,
    TSVECTOROID,
    XIDOID,
    XID8OID,
    XMLOID,
};

void set(const Setting& setting) {
  set_config_option(setting.name, setting.value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

}  // namespace

void OutputSettings::enter() {
  nest_level_ = NewGUCNestLevel();
  for (const Setting& setting : kSettings) set(setting);
  if (profile_ == Profile::lossless) set({"lc_monetary", "C"});
}

void OutputSettings::leave() { AtEOXact_GUC(true, nest_level_); }

bool depends_on_settings(Oid type) {
  return std::find(std::begin(kIndependent), std::end(kIndependent), type) == std::end(kIndependent);
}

}  // namespace ferry::map
