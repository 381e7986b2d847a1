#include "load/load_stream.hpp"

#include "load/logged_options.hpp"

#include "pg/server.hpp"

extern "C" {
#include "nodes/makefuncs.h"
#include "utils/ruleutils.h"
}

namespace ferry::load {

namespace {

/// The filter as SQL.
std::string sql_of(List* filter, const Rules& rules) {
  Relation const relation = rules.relation();
  return pg::call([=] {
    List* const columns = deparse_context_for(RelationGetRelationName(relation), RelationGetRelid(relation));
    Node* const condition = reinterpret_cast<Node*>(make_ands_explicit(filter));
    return const_cast<const char*>(deparse_expression(condition, columns, false, false));
  });
}

/// The rows are loaded as one whole: the user's right to fill each column is known before the first.
template <class S, class Describe>
LoadSummary load_all(S& source, LoadOptions& options, Rules& rules, Describe&& describe) {
  for (const std::size_t place : rules.field_columns()) rules.check_may_insert(rules.columns()[place]);
  options.options_json = describe(options.filter == nullptr ? std::string() : sql_of(options.filter, rules));
  return run_load(source, rules, options);
}

}  // namespace

LoadSummary load_stream(ByteSource& bytes, const StreamOptions& stream, LoadOptions options, Rules& rules) {
  StreamSource source(bytes, stream, rules);
  return load_all(source, options, rules, [&](const std::string& condition) {
    return describe_stream(stream, source.header_names(), options, condition);
  });
}

LoadSummary load_avro(ByteSource& bytes, const AvroOptions& avro, LoadOptions options, Rules& rules) {
  AvroSource source(bytes, avro, rules);
  return load_all(source, options, rules, [&](const std::string& condition) { return describe_avro(avro, options, condition); });
}

}  // namespace ferry::load
