#include "copy/avro_options.hpp"

#include <array>
#include <cstring>
#include <string>

#include "codec/codec.hpp"
#include "copy/options.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "settings.hpp"

#include "pg/server.hpp"

extern "C" {
#include "commands/defrem.h"
#include "utils/formatting.h"
}

namespace ferry::copy {

using pg::call;

namespace {

enum Option : std::uint8_t {
  kFormat,
  kCodec,
  kCodecLevel,
  kProfile,
  kBlockBytes,
  kRecordName,
  kNamespace,
  kMatch,
  kOnError,
  kOnConflict,
  kRejectLimit,
  kExpressions,
  kOptionCount
};
enum class Use : std::uint8_t { both, to, from };
struct KnownOption {
  const char *name, *shown;
  Use use;
};
/// In the order of Option.
constexpr KnownOption kOptions[kOptionCount] = {
    {"format", "FORMAT", Use::both},
    {"codec", "CODEC", Use::to},
    {"codec_level", "CODEC_LEVEL", Use::to},
    {"profile", "PROFILE", Use::to},
    {"block_bytes", "BLOCK_BYTES", Use::to},
    {"record_name", "RECORD_NAME", Use::to},
    {"namespace", "NAMESPACE", Use::to},
    {"match", "MATCH", Use::from},
    {"on_error", "ON_ERROR", Use::from},
    {"on_conflict", "ON_CONFLICT", Use::from},
    {"reject_limit", "REJECT_LIMIT", Use::from},
    {"expressions", "EXPRESSIONS", Use::from},
};
/// What COPY knows for its other formats.
constexpr const char* kOfOtherFormats[] = {"delimiter",   "null",           "default",    "header",   "quote",  "escape",
                                           "force_quote", "force_not_null", "force_null", "encoding", "freeze", "log_verbosity"};

constexpr int kMaxBlockBytes = 64 << 20;

/// The options of a statement by kind; null where it has none.
using Given = std::array<DefElem*, kOptionCount>;

[[noreturn]] void report_option(ParseState* state, const DefElem& option) {
  for (const char* const name : kOfOtherFormats)
    if (std::strcmp(option.defname, name) == 0)
      ereport(ERROR,
              (errcode(ERRCODE_SYNTAX_ERROR), errmsg("cannot specify %s in AVRO mode", asc_toupper(name, std::strlen(name))),
               parser_errposition(state, option.location)));
  ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("option \"%s\" not recognized", option.defname),
                  parser_errposition(state, option.location)));
}

/// Calls the server without a guard.
Given sort_options(ParseState* state, const CopyStmt& statement) {
  const Use direction = statement.is_from ? Use::from : Use::to;
  Given given{};
  for (int i = 0; i < list_length(statement.options); i++) {
    auto* const option = static_cast<DefElem*>(list_nth(statement.options, i));
    int kind = 0;
    while (kind < kOptionCount && std::strcmp(option->defname, kOptions[kind].name) != 0) kind++;
    if (kind == kOptionCount) report_option(state, *option);
    if (given[kind] != nullptr) errorConflictingDefElem(option, state);
    const KnownOption& known = kOptions[kind];
    if (known.use != Use::both && known.use != direction)
      ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                      errmsg("COPY %s cannot be used with %s", known.shown, statement.is_from ? "COPY FROM" : "COPY TO"),
                      parser_errposition(state, option->location)));
    given[kind] = option;
  }
  return given;
}

/// The index of an option's value among two words. Calls the server without a guard.
int choose(ParseState* state, DefElem* option, const char* shown, const char* const (&words)[2]) {
  const char* const value = defGetString(option);
  for (int i = 0; i < 2; i++)
    if (pg_strcasecmp(value, words[i]) == 0) return i;
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("COPY %s \"%s\" not recognized", shown, value),
                  errhint("Choose \"%s\" or \"%s\".", words[0], words[1]), parser_errposition(state, option->location)));
}

[[noreturn]] void report_codec(ParseState* state, const DefElem& option, const char* name) {
  const char* const suggestion = codec::codec_suggestion(name);
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("COPY CODEC \"%s\" not recognized", name),
                  errdetail("%s", codec::kCodecList), suggestion != nullptr ? errhint("%s", suggestion) : 0,
                  parser_errposition(state, option.location)));
}

/// Calls the server without a guard.
codec::CodecKind read_codec(ParseState* state, DefElem* option) {
  const char* const value = defGetString(option);
  if (const auto kind = codec::find_option_codec(value)) return *kind;
  report_codec(state, *option, value);
}

/// Calls the server without a guard.
std::size_t read_block_bytes(ParseState* state, DefElem* option) {
  const int64 value = defGetInt64(option);
  if (value < 1 || value > kMaxBlockBytes)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("BLOCK_BYTES (%lld) must be between 1 and %d", static_cast<long long>(value), kMaxBlockBytes),
                    parser_errposition(state, option->location)));
  return static_cast<std::size_t>(value);
}

codec::CodecKind default_codec(map::Profile profile) {
  if (settings::codec != nullptr && settings::codec[0] != '\0') return *codec::find_option_codec(settings::codec);
  return profile == map::Profile::interop ? codec::CodecKind::deflate : codec::CodecKind::zstandard;
}

std::optional<std::string> text_of(DefElem* option) {
  if (option == nullptr) return std::nullopt;
  return pg::to_utf8(call(defGetString, option));
}

}  // namespace

exporter::FileOptions read_export_options(ParseState* state, const CopyStmt& statement) {
  const CopyStmt* const copy = &statement;
  struct Values {
    Given given;
    map::Profile profile;
    std::optional<codec::CodecKind> codec;
    std::optional<int> level;
    std::size_t block_bytes;
  };
  const Values values = call([=] {
    Values read{};
    read.given = sort_options(state, *copy);
    if (read.given[kProfile] != nullptr && choose(state, read.given[kProfile], "PROFILE", {"interop", "lossless"}) == 1)
      read.profile = map::Profile::lossless;
    if (read.given[kCodec] != nullptr) read.codec = read_codec(state, read.given[kCodec]);
    if (read.given[kCodecLevel] != nullptr) read.level = defGetInt32(read.given[kCodecLevel]);
    if (read.given[kBlockBytes] != nullptr) read.block_bytes = read_block_bytes(state, read.given[kBlockBytes]);
    return read;
  });
  exporter::FileOptions options;
  options.record.profile = values.profile;
  options.record.record_name = text_of(values.given[kRecordName]);
  options.record.name_space = text_of(values.given[kNamespace]);
  options.codec = values.codec ? *values.codec : default_codec(values.profile);
  options.level = values.level;
  if (options.level) codec::check_codec_level(options.codec, *options.level);
  if (values.block_bytes > 0) options.block_bytes = values.block_bytes;
  return options;
}

ImportOptions read_import_options(ParseState* state, const CopyStmt& statement) {
  const CopyStmt* const copy = &statement;
  ImportOptions options;
  ImportOptions* const out = &options;
  const char* const expressions = call([=]() -> const char* {
    const Given given = sort_options(state, *copy);
    if (given[kMatch] != nullptr && choose(state, given[kMatch], "MATCH", {"name", "position"}) == 1)
      out->avro.match = map::Match::position;
    out->load.stops_at_reject = given[kOnError] == nullptr || choose(state, given[kOnError], "ON_ERROR", {"stop", "reject"}) == 0;
    if (given[kOnConflict] != nullptr) out->load.on_conflict = read_on_conflict(state, given[kOnConflict]);
    if (given[kRejectLimit] != nullptr) out->load.reject_limit = read_reject_limit(state, given[kRejectLimit]);
    if (given[kRejectLimit] != nullptr && out->load.stops_at_reject)
      ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                      errmsg("COPY %s requires %s to be set to %s", "REJECT_LIMIT", "ON_ERROR", "reject"),
                      parser_errposition(state, given[kRejectLimit]->location)));
    return given[kExpressions] == nullptr ? nullptr : read_json(given[kExpressions]);
  });
  if (expressions != nullptr) options.avro.expressions = load::read_expressions(expressions);
  return options;
}

}  // namespace ferry::copy
