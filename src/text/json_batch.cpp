#include "text/json_batch.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include <simdjson.h>

#include "base/concat.hpp"
#include "base/equal_few.hpp"
#include "base/error.hpp"

namespace ferry::text {
namespace {

namespace ondemand = simdjson::ondemand;

[[noreturn]] void fail(simdjson::error_code code) {
  if (code == simdjson::MEMALLOC) throw std::bad_alloc();
  throw Error("22P02", "invalid JSON value").detail(concat(simdjson::error_message(code), "."));
}

template <class T>
T take(simdjson::simdjson_result<T> result) {
  T value;
  if (const auto code = std::move(result).get(value); code != simdjson::SUCCESS) fail(code);
  return value;
}

/// What is in a result, where it is: the parser fills it in parts, and to copy that soon costs more than to read the value.
template <class T>
T& look_into(simdjson::simdjson_result<T>& result) {
  if (result.error() != simdjson::SUCCESS) fail(result.error());
  T&& value = std::move(result).value_unsafe();  // which alone gives a reference that is not const
  return value;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
/// So many rows or elements are read between two looks for interrupts.
constexpr std::size_t kCheckCount = 1000;
constexpr std::string_view kInvalidEscape = "The text has an invalid Unicode escape.";
constexpr std::string_view kZeroCharacter = "\\u0000 cannot be converted to text.";

}  // namespace

class JsonBatch::Reader {
 public:
  void read_rows(std::string_view json, const JsonLimits& limits);
  void read_tables(std::string_view json, const JsonLimits& limits);
  Row read_row(std::string_view json);
  Row read_elements(std::string_view json, CheckInterrupts check_interrupts);

  std::vector<JsonView> members;
  std::vector<Table> tables;
  std::size_t row_count = 0;
  std::size_t capacity = 0;  ///< of text_

 private:
  void begin(std::string_view json);
  std::string_view text_since(const char* start);
  void add_value(ondemand::value& value, JsonView& view);
  [[nodiscard]] bool is_plain(std::string_view key) const {
    return key.data() >= text_.get() && key.data() < text_.get() + size_;
  }
  [[nodiscard]] bool stands_at(const char* token, std::string_view key) const;
  void add_members(ondemand::object object, Row& row, const Row& before = {});
  bool count_row();
  void add_rows(ondemand::array array, Table& table);
  void add_tables(ondemand::object object);

  JsonLimits limits_;
  ondemand::parser parser_;
  ondemand::document document_;
  std::unique_ptr<char[]> text_;  ///< the JSON, with the room behind it that the parser reads into
  std::size_t size_ = 0;
  std::unordered_map<std::string_view, std::size_t> known_;  ///< of tables, by name: a request may have very many keys
};

JsonBatch::JsonBatch() : reader_(std::make_unique<Reader>()) {}
JsonBatch::~JsonBatch() = default;
void JsonBatch::read_rows(std::string_view json, const JsonLimits& limits) { reader_->read_rows(json, limits); }
void JsonBatch::read_tables(std::string_view json, const JsonLimits& limits) { reader_->read_tables(json, limits); }
std::size_t JsonBatch::row_count() const { return reader_->row_count; }
JsonBatch::Row JsonBatch::read_row(std::string_view json) { return reader_->read_row(json); }
JsonBatch::Row JsonBatch::read_elements(std::string_view json, CheckInterrupts check_interrupts) {
  return reader_->read_elements(json, check_interrupts);
}
std::span<const JsonBatch::Table> JsonBatch::tables() const { return reader_->tables; }
std::size_t JsonBatch::capacity() const { return reader_->capacity; }
std::span<const JsonView> JsonBatch::members(const Row& row) const {
  return std::span<const JsonView>(reader_->members).subspan(row.first, row.count);
}

void JsonBatch::Reader::begin(std::string_view json) {
  // some versions of the parser pass over it; the server does not
  if (json.starts_with(kByteOrderMark)) throw Error("22P02", "invalid JSON value").detail("It begins with a byte order mark.");
  members.clear();
  tables.clear();
  known_.clear();
  row_count = 0;
  size_ = json.size();
  if (size_ > capacity || text_ == nullptr) {
    constexpr std::size_t kLeast = 4096;
    capacity = 0;  // nothing fits until there is room for it
    const std::size_t wanted = std::max(size_ + size_ / 2, kLeast);
    text_ = std::make_unique_for_overwrite<char[]>(wanted + simdjson::SIMDJSON_PADDING);
    capacity = wanted;
  }
  std::memcpy(text_.get(), json.data(), size_);
  std::memset(text_.get() + size_, ' ', simdjson::SIMDJSON_PADDING);
  document_ = take(parser_.iterate(simdjson::padded_string_view(text_.get(), size_, size_ + simdjson::SIMDJSON_PADDING)));
}

/// The text from start to the token that comes next, which the parser has come to.
std::string_view JsonBatch::Reader::text_since(const char* start) {
  const char* next = nullptr;
  if (document_.current_location().get(next) != simdjson::SUCCESS) next = text_.get() + size_;
  return trim({start, static_cast<std::size_t>(next - start)});
}

void JsonBatch::Reader::add_value(ondemand::value& value, JsonView& view) {
  switch (take(value.type())) {
    case ondemand::json_type::null:
      view.kind = JsonKind::null;
      view.raw = trim(value.raw_json_token());
      return;
    case ondemand::json_type::string: {
      view.raw = trim(value.raw_json_token());
      std::string_view text = view.raw.substr(1, view.raw.size() - 2);
      const bool is_plain = std::memchr(text.data(), '\\', text.size()) == nullptr;
      view.kind = JsonKind::invalid;
      view.value = kInvalidEscape;
      if (!is_plain && value.get_string().get(text) != simdjson::SUCCESS) return;
      view.value = kZeroCharacter;
      if (!is_plain && text.find('\0') != std::string_view::npos) return;
      view.kind = JsonKind::text;
      view.value = text;
      return;
    }
    case ondemand::json_type::array:
    case ondemand::json_type::object:
      view.kind = JsonKind::structure;
      view.value = view.raw = trim(take(simdjson::to_json_string(value)));
      return;
    default:
      view.kind = JsonKind::scalar;
      view.value = view.raw = trim(value.raw_json_token());
  }
}

/// Whether the key behind the quote before token is this one, written without escapes. key: what is there once it is unescaped,
/// or another key that is written without them. (A key that begins with the same bytes and then has an escape has no quote
/// there.)
bool JsonBatch::Reader::stands_at(const char* token, std::string_view key) const {
  const auto left = static_cast<std::size_t>(text_.get() + size_ - token);
  return key.size() < left && token[key.size()] == '"' && equal_few({token, key.size()}, key);
}

/// before: a row that probably has the same keys. To compare them is cheaper than to look for escapes.
void JsonBatch::Reader::add_members(ondemand::object object, Row& row, const Row& before) {
  row.first = static_cast<std::uint32_t>(members.size());
  row.is_object = true;
  for (auto element : object) {
    ondemand::field& field = look_into(element);
    const std::size_t index = members.size() - row.first;
    const std::string_view probable = index < before.count ? members[before.first + index].key : std::string_view();
    JsonView& view = members.emplace_back();
    const char* const token = field.key().raw();
    if (is_plain(probable) && stands_at(token, probable)) {
      view.key = {token, probable.size()};
      add_value(field.value(), view);
    } else if (field.unescaped_key().get(view.key) != simdjson::SUCCESS) {
      view.kind = JsonKind::invalid_key;
      view.value = kInvalidEscape;
    } else if (view.key.find('\0') != std::string_view::npos) {
      view.kind = JsonKind::invalid_key;
      view.value = kZeroCharacter;
    } else {
      if (stands_at(token, view.key)) view.key = {token, view.key.size()};
      add_value(field.value(), view);
    }
  }
  row.count = static_cast<std::uint32_t>(members.size()) - row.first;
}

/// Whether it is to be kept.
bool JsonBatch::Reader::count_row() {
  if (row_count++ % kCheckCount == 0) check(limits_.check_interrupts);
  return row_count <= limits_.max_rows;
}

void JsonBatch::Reader::add_rows(ondemand::array array, Table& table) {
  for (auto element : array) {
    ondemand::value& value = look_into(element);
    if (!count_row()) continue;
    if (take(value.type()) != ondemand::json_type::object) {
      table.rows.push_back({.raw = trim(take(simdjson::to_json_string(value)))});
      continue;
    }
    const char* const start = value.raw_json_token().data();
    Row& row = table.rows.emplace_back();
    add_members(take(value.get_object()), row, table.rows.size() > 1 ? table.rows[table.rows.size() - 2] : Row{});
    row.raw = text_since(start);
  }
}

void JsonBatch::Reader::add_tables(ondemand::object object) {
  for (auto element : object) {
    auto field = take(std::move(element));
    const std::string_view key = take(field.unescaped_key());
    ondemand::array rows;
    if (field.value().get_array().get(rows) != simdjson::SUCCESS)
      throw Error("22023", concat("rows of \"", key, "\" are not a JSON array"));
    const auto [known, is_new] = known_.try_emplace(key, tables.size());
    if (is_new) tables.push_back({key, {}});
    add_rows(rows, tables[known->second]);
  }
}

void JsonBatch::Reader::read_rows(std::string_view json, const JsonLimits& limits) {
  limits_ = limits;
  std::vector<Row> rows;  // the memory of the last request's
  if (!tables.empty()) rows.swap(tables.front().rows);
  rows.clear();
  begin(json);
  ondemand::array array;
  if (document_.get_array().get(array) != simdjson::SUCCESS) throw Error("22023", "rows are not a JSON array");
  add_rows(array, tables.emplace_back(Table{.name = {}, .rows = std::move(rows)}));
}

void JsonBatch::Reader::read_tables(std::string_view json, const JsonLimits& limits) {
  limits_ = limits;
  begin(json);
  ondemand::array array;
  ondemand::object object;
  ondemand::document& document = document_;
  const auto type = take(document.type());
  if (type == ondemand::json_type::object) {
    add_tables(take(document.get_object()));
    return;
  }
  if (type != ondemand::json_type::array || document.get_array().get(array) != simdjson::SUCCESS)
    throw Error("22023", "batch is neither a JSON object nor an array of objects")
        .hint("Write {\"table\": [row, ...], ...} or [{\"table\": [row, ...]}, ...].");
  for (auto element : array) {
    if (element.get_object().get(object) != simdjson::SUCCESS)
      throw Error("22023", "batch is an array with an element that is no JSON object");
    add_tables(object);
  }
}

JsonBatch::Row JsonBatch::Reader::read_row(std::string_view json) {
  json = trim(json);
  if (json.empty() || json.front() != '{') return {.raw = json};
  begin(json);
  Row row{.raw = json};
  add_members(take(document_.get_object()), row);
  return row;
}

JsonBatch::Row JsonBatch::Reader::read_elements(std::string_view json, CheckInterrupts check_interrupts) {
  begin(json);
  Row row{.raw = json};
  for (auto element : take(document_.get_array())) {
    if (members.size() % kCheckCount == 0) check(check_interrupts);
    add_value(look_into(element), members.emplace_back());
  }
  row.count = static_cast<std::uint32_t>(members.size());
  return row;
}

std::vector<std::string> read_json_rows(std::string_view json) {
  JsonBatch batch;
  batch.read_rows(json);
  std::vector<std::string> rows;
  const JsonBatch::Table& table = batch.tables()[0];
  for (const JsonBatch::Row& row : table.rows) rows.emplace_back(row.raw);
  return rows;
}

std::optional<std::vector<JsonMember>> read_json_row(std::string_view json) {
  JsonBatch batch;
  const JsonBatch::Row row = batch.read_row(json);
  if (!row.is_object) return std::nullopt;
  std::vector<JsonMember> members;
  for (const JsonView& view : batch.members(row)) {
    JsonMember member{view.kind, std::string(view.key), std::string(view.value), std::string(view.raw)};
    const auto same =
        std::find_if(members.begin(), members.end(), [&](const JsonMember& known) { return known.key == member.key; });
    if (same == members.end())
      members.push_back(std::move(member));
    else
      *same = std::move(member);
  }
  return members;
}

}  // namespace ferry::text
