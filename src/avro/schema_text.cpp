#include <unordered_set>

#include "avro/schema_json.hpp"
#include "base/concat.hpp"
#include "base/json_text.hpp"

namespace ferry::avro {
namespace {

/// Writes attributes with their commas.
class SchemaWriter {
 public:
  explicit SchemaWriter(std::string& out) : out_(out) {}

  void type(const Schema& node, std::string_view space) {
    if (node.type == Type::union_) return union_(node, space);
    if (is_named(node.type) && !defined_.insert(&node).second) return reference(node.name, space);
    const bool is_bare = is_primitive(node.type) && node.logical_type.empty() && node.properties.empty();
    if (is_bare) return append_json_string(out_, type_name(node.type));
    definition(node, space);
  }

 private:
  void key(std::string_view name) {
    if (out_.back() != '{') out_ += ',';
    append_json_string(out_, name);
    out_ += ':';
  }

  void text(std::string_view name, std::string_view value) {
    key(name);
    append_json_string(out_, value);
  }

  void number(std::string_view name, std::size_t value) {
    key(name);
    out_ += concat(value);
  }

  void texts(std::string_view name, const std::vector<std::string>& values) {
    key(name);
    out_ += '[';
    for (const std::string& value : values) {
      if (out_.back() != '[') out_ += ',';
      append_json_string(out_, value);
    }
    out_ += ']';
  }

  void properties(const std::vector<Property>& values) {
    for (const auto& [name, json] : values) {
      key(name);
      out_ += json;
    }
  }

  /// A name without a dot would be taken for one in the enclosing namespace: a leading dot keeps it out.
  void reference(const std::string& name, std::string_view space) {
    const bool is_outside = !space.empty() && name.find('.') == std::string::npos;
    append_json_string(out_, is_outside ? concat('.', name) : name);
  }

  void union_(const Schema& node, std::string_view space) {
    out_ += '[';
    for (const Schema* branch : node.branches) {
      if (out_.back() != '[') out_ += ',';
      type(*branch, space);
    }
    out_ += ']';
  }

  void definition(const Schema& node, std::string_view space) {
    out_ += '{';
    text("type", type_name(node.type));
    if (is_named(node.type)) space = names(node, space);
    if (node.type == Type::record) fields(node, space);
    if (node.type == Type::enum_) texts("symbols", node.symbols);
    if (node.default_symbol) text("default", *node.default_symbol);
    if (node.type == Type::fixed) number("size", node.size_bytes);
    if (node.items != nullptr) {
      key(node.type == Type::map ? "values" : "items");
      type(*node.items, space);
    }
    if (!node.logical_type.empty()) text("logicalType", node.logical_type);
    if (node.precision != 0) number("precision", static_cast<std::size_t>(node.precision));
    if (node.scale != 0) number("scale", static_cast<std::size_t>(node.scale));
    properties(node.properties);
    out_ += '}';
  }

  /// The attributes all named types have. Returns the namespace that holds inside.
  std::string_view names(const Schema& node, std::string_view space) {
    text("name", node.name);
    const std::size_t dot = node.name.rfind('.');
    const std::string_view own = dot == std::string::npos ? std::string_view() : std::string_view(node.name).substr(0, dot);
    if (own.empty() && !space.empty()) text("namespace", "");
    if (!node.doc.empty()) text("doc", node.doc);
    if (!node.aliases.empty()) aliases(node.aliases, own);
    return own;
  }

  void aliases(const std::vector<std::string>& values, std::string_view space) {
    key("aliases");
    out_ += '[';
    for (const std::string& value : values) {
      if (out_.back() != '[') out_ += ',';
      reference(value, space);
    }
    out_ += ']';
  }

  void fields(const Schema& node, std::string_view space) {
    key("fields");
    out_ += '[';
    for (const Field& field : node.fields) {
      if (out_.back() != '[') out_ += ',';
      out_ += '{';
      text("name", field.name);
      key("type");
      type(*field.schema, space);
      if (field.default_json) {
        key("default");
        out_ += *field.default_json;
      }
      if (!field.doc.empty()) text("doc", field.doc);
      if (!field.aliases.empty()) texts("aliases", field.aliases);
      properties(field.properties);
      out_ += '}';
    }
    out_ += ']';
  }

  std::string& out_;
  std::unordered_set<const Schema*> defined_;
};

}  // namespace

std::string to_json(const Schema& schema) {
  std::string out;
  SchemaWriter(out).type(schema, "");
  return out;
}

}  // namespace ferry::avro
