#include "avro/schema_json.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include <simdjson.h>

#include "avro/logical_type.hpp"
#include "avro/shown_text.hpp"
#include "base/checked.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"

namespace ferry::avro {
namespace {

namespace dom = simdjson::dom;

/// JSON objects and arrays that one level of types may take: type object, fields array, field object, and one to spare.
constexpr std::size_t kJsonLevels = 4;
constexpr std::size_t kMaxMessageBytes = 400;

/// True for the attributes that the specification defines for a type; all others are properties.
bool is_type_attribute(Type type, std::string_view key) {
  if (key == "type") return true;
  if (type == Type::array) return key == "items";
  if (type == Type::map) return key == "values";
  if (!is_named(type)) return false;
  if (key == "name" || key == "namespace" || key == "aliases" || key == "doc") return true;
  if (type == Type::record) return key == "fields";
  if (type == Type::fixed) return key == "size";
  return key == "symbols" || key == "default";
}

bool is_field_attribute(std::string_view key) {
  return key == "name" || key == "type" || key == "default" || key == "doc" || key == "aliases";
}

std::optional<Type> primitive_by_name(std::string_view name) {
  for (int i = 0; is_primitive(static_cast<Type>(i)); i++)
    if (type_name(static_cast<Type>(i)) == name) return static_cast<Type>(i);
  return std::nullopt;
}

/// The namespace of a full name: all before its last dot.
std::string_view namespace_of(std::string_view full_name) {
  const std::size_t dot = full_name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : full_name.substr(0, dot);
}

/// Avro 1.12, Names: one with a dot is full already, one without is in space. A leading dot says the null namespace.
std::string resolve_name(std::string_view name, std::string_view space) {
  if (name.front() == '.') return std::string(name.substr(1));
  if (space.empty() || name.find('.') != std::string_view::npos) return std::string(name);
  return concat(space, '.', name);
}

std::size_t saturating_add(std::size_t a, std::size_t b) {
  return checked_add(a, b).value_or(std::numeric_limits<std::size_t>::max());
}

class SchemaParser {
 public:
  SchemaDocument parse(std::string_view json) {
    dom::parser parser;
    dom::element root;
    simdjson::error_code error = parser.allocate(std::max<std::size_t>(json.size(), 32), kMaxSchemaDepth * kJsonLevels);
    if (!error) error = parser.parse(json.data(), json.size()).get(root);
    if (error == simdjson::DEPTH_ERROR) fail_depth();
    if (error) fail("schema is not valid JSON", concat("The JSON parser says: ", simdjson::error_message(error)));
    document_.set_root(type(root, ""));
    return std::move(document_);
  }

 private:
  /// A step down in the JSON, for as long as it lives.
  class Step {
   public:
    template <class Part>
    Step(std::string& path, const Part& part) : path_(path), length_(path.size()) {
      path += concat('/', part);
    }
    ~Step() { path_.resize(length_); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    std::string& path_;
    std::size_t length_;
  };

  [[noreturn]] void fail(std::string message, std::string_view more = {}) const {
    std::string position = "The place is the root of the schema.";
    if (!path_.empty()) position = concat("The place is \"", path_, "\" in the schema.");
    if (!more.empty()) position = concat(more, path_.empty() ? "" : concat(" ", position));
    // Names are as long as the file wants, and of any characters.
    throw Error("22P04", shown_text(message, kMaxMessageBytes)).detail(std::move(position));
  }
  [[noreturn]] static void fail_depth() {
    throw Error("54000", concat("schema is nested more than ", kMaxSchemaDepth, " levels deep"));
  }

  // ---- attributes of a JSON object

  static std::optional<dom::element> find(dom::object object, std::string_view key) {
    dom::element value;
    if (object.at_key(key).get(value)) return std::nullopt;
    return value;
  }

  dom::element require(dom::object object, std::string_view key) {
    const std::optional<dom::element> value = find(object, key);
    if (!value) fail(concat("schema has no attribute \"", key, "\""));
    return *value;
  }

  template <class T>
  T as(dom::element value, std::string_view key, std::string_view kind) {
    T result;
    if (value.get(result)) fail(concat("attribute \"", key, "\" is not ", kind));
    return result;
  }

  std::string_view text(dom::element value, std::string_view key) { return as<std::string_view>(value, key, "a string"); }

  std::string doc(dom::object object) {
    // Some writers put null here, or an object; a comment is not worth an error.
    const std::optional<dom::element> value = find(object, "doc");
    std::string_view result;
    if (!value || value->get(result)) return {};
    return std::string(result);
  }

  std::vector<std::string> strings(dom::element value, std::string_view key) {
    std::vector<std::string> result;
    for (const dom::element item : as<dom::array>(value, key, "an array")) {
      count_node();
      result.emplace_back(text(item, key));
    }
    return result;
  }

  template <class IsKnown>
  static std::vector<Property> properties(dom::object object, IsKnown is_known) {
    std::vector<Property> result;
    for (const dom::key_value_pair attribute : object)
      if (!is_known(attribute.key)) result.emplace_back(attribute.key, simdjson::minify(attribute.value));
    return result;
  }

  // ---- types

  Schema& add(Type type) {
    count_node();
    Schema& node = document_.add(type);
    constexpr std::size_t kFloatBytes = 4, kDoubleBytes = 8;
    node.min_bytes = type == Type::null_ ? 0 : type == Type::float_ ? kFloatBytes : type == Type::double_ ? kDoubleBytes : 1;
    return node;
  }

  void count_node() {
    if (++nodes_ > kMaxSchemaNodes)
      throw Error("54000", concat("schema has more than ", kMaxSchemaNodes, " types, fields, symbols and aliases"));
  }

  /// Avro 1.12, Schema Declaration: a string names a type, an object defines one, an array is a union.
  const Schema& type(dom::element json, std::string_view space) {
    if (++depth_ > kMaxSchemaDepth) fail_depth();
    const Schema& result = type_at_depth(json, space);
    depth_--;
    return result;
  }

  const Schema& type_at_depth(dom::element json, std::string_view space) {
    switch (json.type()) {
      case dom::element_type::STRING:
        return named(text(json, "type"), space);
      case dom::element_type::ARRAY:
        return union_(as<dom::array>(json, "type", "an array"), space);
      case dom::element_type::OBJECT:
        return defined(as<dom::object>(json, "type", "an object"), space);
      default:
        fail("schema is neither a string nor an object nor an array");
    }
  }

  const Schema& named(std::string_view name, std::string_view space) {
    if (const std::optional<Type> primitive = primitive_by_name(name)) return add(*primitive);
    if (!name.empty())
      if (const auto found = names_.find(resolve(name, space)); found != names_.end()) return *found->second;
    fail(concat("type \"", name, "\" is not defined"));
  }

  const Schema& union_(dom::array branches, std::string_view space) {
    Schema& node = add(Type::union_);
    std::unordered_set<std::string_view> seen;
    for (const dom::element json : branches) {
      const Step step(path_, node.branches.size());
      const Schema& branch = type(json, space);
      if (branch.type == Type::union_) fail("union is directly in a union");
      const std::string_view kind = is_named(branch.type) ? std::string_view(branch.name) : type_name(branch.type);
      if (!seen.insert(kind).second) fail(concat("union has more than one branch \"", kind, "\""));
      node.branches.push_back(&branch);
    }
    return node;
  }

  const Schema& defined(dom::object object, std::string_view space) {
    const dom::element kind = require(object, "type");
    // {"type": {...}} and {"type": [...]} are no grammar but are written.
    if (!kind.is_string()) {
      const Step step(path_, "type");
      return type(kind, space);
    }
    const std::string_view name = text(kind, "type");
    if (const std::optional<Type> primitive = primitive_by_name(name)) return annotated(add(*primitive), object);
    if (name == "record" || name == "error") return record(object, space);
    if (name == "enum") return enum_(object, space);
    if (name == "fixed") return fixed(object, space);
    if (name == "array") return collection(Type::array, "items", object, space);
    if (name == "map") return collection(Type::map, "values", object, space);
    return named(name, space);
  }

  const Schema& collection(Type kind, std::string_view key, dom::object object, std::string_view space) {
    const dom::element items = require(object, key);
    Schema& node = add(kind);
    {
      const Step step(path_, key);
      node.items = &type(items, space);
    }
    return annotated(node, object);
  }

  /// Counts the bytes before it makes the name.
  std::string resolve(std::string_view name, std::string_view space) {
    name_bytes_ += name.size() + space.size();
    if (name_bytes_ > kMaxSchemaNameBytes)
      throw Error("54000", concat("full names of the types of the schema have more than ", kMaxSchemaNameBytes, " bytes"));
    return resolve_name(name, space);
  }

  std::string full_name(std::string_view name, std::string_view space) {
    std::string result = name.empty() ? std::string() : resolve(name, space);
    if (result.empty() || result.front() == '.' || result.back() == '.') fail(concat("name \"", name, "\" has an empty part"));
    return result;
  }

  /// Avro 1.12, Names and Aliases. Makes the type known, so that its own fields may refer to it.
  Schema& define(Type kind, dom::object object, std::string_view space) {
    Schema& node = add(kind);
    const std::string_view name = text(require(object, "name"), "name");
    const std::optional<dom::element> own_space = find(object, "namespace");
    if (own_space && !own_space->is_null()) space = text(*own_space, "namespace");
    node.name = full_name(name, space);
    if (primitive_by_name(node.name)) fail(concat("name \"", node.name, "\" is that of a primitive type"));
    if (!names_.emplace(node.name, &node).second) fail(concat("type \"", node.name, "\" is defined twice"));
    node.doc = doc(object);
    const std::optional<dom::element> aliases = find(object, "aliases");
    if (aliases && !aliases->is_null())
      for (const std::string& alias : strings(*aliases, "aliases"))
        node.aliases.push_back(full_name(alias, namespace_of(node.name)));
    return node;
  }

  const Schema& record(dom::object object, std::string_view space) {
    Schema& node = define(Type::record, object, space);
    node.min_bytes = 0;
    const dom::array fields = as<dom::array>(require(object, "fields"), "fields", "an array");
    const Step in_fields(path_, "fields");
    std::unordered_set<std::string> seen;
    std::size_t min_bytes = 0;
    for (const dom::element json : fields) {
      const Step step(path_, node.fields.size());
      node.fields.push_back(field(as<dom::object>(json, "fields", "an array of objects"), namespace_of(node.name)));
      const Field& last = node.fields.back();
      if (!seen.insert(last.name).second)
        fail(concat("field \"", last.name, "\" is defined twice in record \"", node.name, "\""));
      min_bytes = saturating_add(min_bytes, last.schema->min_bytes);
      node.min_values += last.schema->min_values;
      if (node.min_values > kMaxSchemaNodes)
        throw Error("54000", concat("record \"", shown_text(node.name), "\" holds more than ", kMaxSchemaNodes, " values"));
    }
    node.min_bytes = min_bytes;
    return annotated(node, object);
  }

  /// Whether the type of a field is only the word for one of which all else is beside the field's name.
  static bool is_beside_name(dom::element type) {
    std::string_view word;
    return !type.get(word) && (word == "array" || word == "map");
  }

  Field field(dom::object object, std::string_view space) {
    count_node();
    Field result{.name = std::string(text(require(object, "name"), "name"))};
    if (result.name.empty()) fail("name of a field is empty");
    const dom::element json = require(object, "type");
    {
      const Step step(path_, "type");
      // {"name": "tags", "type": "array", "items": "string"} is no grammar but is written, too
      result.schema = is_beside_name(json) ? &defined(object, space) : &type(json, space);
    }
    if (const auto value = find(object, "default")) result.default_json = simdjson::minify(*value);
    result.doc = doc(object);
    const std::optional<dom::element> aliases = find(object, "aliases");
    if (aliases && !aliases->is_null()) result.aliases = strings(*aliases, "aliases");
    result.properties = properties(object, is_field_attribute);
    return result;
  }

  const Schema& enum_(dom::object object, std::string_view space) {
    Schema& node = define(Type::enum_, object, space);
    node.symbols = strings(require(object, "symbols"), "symbols");
    std::unordered_set<std::string_view> seen;
    for (const std::string& symbol : node.symbols)
      if (!seen.insert(symbol).second) fail(concat("enum \"", node.name, "\" has symbol \"", symbol, "\" twice"));
    if (const auto value = find(object, "default")) {
      node.default_symbol = text(*value, "default");
      if (!seen.contains(*node.default_symbol))
        fail(concat("default \"", *node.default_symbol, "\" of enum \"", node.name, "\" is not one of its symbols"));
    }
    return annotated(node, object);
  }

  const Schema& fixed(dom::object object, std::string_view space) {
    Schema& node = define(Type::fixed, object, space);
    const auto size = as<std::int64_t>(require(object, "size"), "size", "an integer");
    const auto checked = checked_length(size, std::numeric_limits<std::int32_t>::max());
    if (!checked) fail(concat("size ", size, " of fixed \"", node.name, "\" is out of range"));
    node.size_bytes = node.min_bytes = *checked;
    return annotated(node, object);
  }

  // ---- logical types

  /// Takes the attributes that the type does not use itself: logical type and properties.
  static Schema& annotated(Schema& node, dom::object object) {
    node.properties = properties(object, [&](std::string_view key) { return is_type_attribute(node.type, key); });
    const auto logical = find(object, "logicalType");
    std::string_view name;
    const bool is_told = logical && !logical->get(name) && logical_type_fits(name, node);
    if (!is_told || (name == "decimal" && !take_decimal(node, object))) return take_connect_name(node, object);
    node.logical_type = name;
    std::erase_if(node.properties, [&](const Property& property) {
      const std::string& key = property.first;
      return key == "logicalType" || (name == "decimal" && (key == "precision" || key == "scale"));
    });
    return node;
  }

  static Schema& take_connect_name(Schema& node, dom::object object) {
    const auto connect_name = find(object, "connect.name");
    std::string_view name;
    if (connect_name && !connect_name->get(name)) node.logical_type = connect_logical_type(name, node);
    return node;
  }

  static bool take_decimal(Schema& node, dom::object object) {
    std::int64_t precision, scale = 0;
    const auto json_precision = find(object, "precision"), json_scale = find(object, "scale");
    if (!json_precision || json_precision->get(precision)) return false;
    if (json_scale && json_scale->get(scale)) return false;
    const int limit = node.type == Type::fixed ? max_precision(node.size_bytes) : std::numeric_limits<int>::max();
    if (precision < 1 || precision > limit || scale < 0 || scale > precision) return false;
    node.precision = static_cast<int>(precision);
    node.scale = static_cast<int>(scale);
    return true;
  }

  SchemaDocument document_;
  std::unordered_map<std::string, const Schema*> names_;
  std::string path_;
  std::size_t nodes_ = 0, depth_ = 0, name_bytes_ = 0;
};

}  // namespace

SchemaDocument parse_schema(std::string_view json) { return SchemaParser().parse(json); }

}  // namespace ferry::avro
