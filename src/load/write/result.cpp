#include "load/write/result.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/json_writer.hpp"
#include "pg/encoding.hpp"
#include "pg/names.hpp"

#include "pg/server.hpp"

namespace ferry::load {

using pg::call;

namespace {
std::int64_t farther(const TargetColumn& column, std::int64_t a, std::int64_t b) {
  return column.descends ? std::min(a, b) : std::max(a, b);
}

/// What a numeric or a text is as an integer; nothing where it is none. Calls the server without a guard.
std::optional<std::int64_t> read_as_integer(Oid type, Datum value) {
  const char* const text = pg::output_text(type, value);
  const char* const end = text + strlen(text);
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(text, end, number);
  // zeros behind the point, and the blanks of char(n)
  std::string_view rest(stop, end);
  if (rest.starts_with('.')) rest.remove_prefix(std::min(rest.find_first_not_of('0', 1), rest.size()));
  const bool is_whole = error == std::errc() && rest.find_first_not_of(' ') == std::string_view::npos;
  pfree(const_cast<char*>(text));
  return is_whole ? std::optional(number) : std::nullopt;
}
}  // namespace

void Result::reject(Problem why) {
  constexpr std::size_t kMostBytes = 2048;
  for (std::string* const text : {&why.column, &why.constraint, &why.reason, &why.detail, &why.hint})
    pg::shorten(*text, kMostBytes);
  state = State::rejected;
  problem = std::make_unique<Problem>(std::move(why));
}

std::string json_of(const RowKey& key) {
  if (const auto* const number = std::get_if<std::int64_t>(&key)) return std::to_string(*number);
  const auto* const json = std::get_if<std::string>(&key);
  return json == nullptr ? "null" : *json;
}

RowNotes::RowNotes(TargetTable& target, const WriterOptions& options) : target_(target) {
  for (const TargetColumn& column : target.columns()) {
    if (!column.loaded || !OidIsValid(column.from.sequence)) continue;
    const Oid type = call(getBaseType, column.type);
    if (pg::is_integer(type) || pg::may_read_as_integer(type)) fed_.emplace_back(&column, type);
  }
  if (options.want_keys) key_ = target.primary_key();
}

void RowNotes::take_from(TupleTableSlot* slot, const AttrMap* map, Result& result, FarthestValues& farthest) const {
  if (is_empty()) return;
  const auto value_of = [slot, map](AttrNumber attribute, bool* is_null) {
    for (int i = 0; map != nullptr && i < map->maplen; i++)
      if (map->attnums[i] == attribute) return call(slot_getattr, slot, i + 1, is_null);
    if (attribute > slot->tts_nvalid) call(slot_getsomeattrs_int, slot, int{attribute});
    *is_null = slot->tts_isnull[attribute - 1];
    return slot->tts_values[attribute - 1];
  };
  take(value_of, result, farthest);
}

void RowNotes::note_value(const TargetColumn& column, Oid type, Datum value, FarthestValues& farthest) {
  const std::optional<std::int64_t> number = type == INT2OID   ? DatumGetInt16(value)
                                             : type == INT4OID ? DatumGetInt32(value)
                                             : type == INT8OID ? DatumGetInt64(value)
                                                               : call(read_as_integer, type, value);
  if (!number) return;
  auto& known = farthest.try_emplace(&column, *number).first->second;
  known = farther(column, known, *number);
}

const FormData_pg_attribute& RowNotes::attribute(AttrNumber number) const {
  return *TupleDescAttr(RelationGetDescr(target_.relation()), number - 1);
}

RowKey RowNotes::simple_key(Oid type, Datum value) {
  if (type == INT4OID) return std::int64_t{DatumGetInt32(value)};
  if (type == INT8OID) return std::int64_t{DatumGetInt64(value)};
  if (type == INT2OID) return std::int64_t{DatumGetInt16(value)};
  return json_string(call(pg::output_text, type, value));
}

void RowNotes::add_member(std::string& json, AttrNumber number, const RowKey& value) const {
  JsonWriter out(json);
  if (json.empty()) out.open('{');
  out.key(NameStr(attribute(number).attname));
  out.json(json_of(value));
}

void merge(FarthestValues& into, const FarthestValues& from) {
  for (const auto& [column, value] : from) {
    auto& known = into.try_emplace(column, value).first->second;
    known = farther(*column, known, value);
  }
}

}  // namespace ferry::load
