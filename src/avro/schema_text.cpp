#include <unordered_set>

#include "avro/logical_type.hpp"
#include "avro/schema_json.hpp"
#include "base/concat.hpp"
#include "base/json_writer.hpp"

namespace ferry::avro {
namespace {

class SchemaWriter {
 public:
  explicit SchemaWriter(std::string& out) : out_(out, ",") {}

  void type(const Schema& node, std::string_view space) {
    if (node.type == Type::union_) return union_(node, space);
    if (is_named(node.type) && !defined_.insert(&node).second) return reference(node.name, space);
    const bool is_bare = is_primitive(node.type) && node.logical_type.empty() && node.properties.empty();
    if (is_bare) return out_.text(type_name(node.type));
    definition(node, space);
  }

 private:
  void properties(const std::vector<Property>& values) {
    for (const auto& [name, json] : values) {
      out_.key(name);
      out_.json(json);
    }
  }

  /// A name without a dot would be taken for one in the enclosing namespace: a leading dot keeps it out.
  void reference(const std::string& name, std::string_view space) {
    const bool is_outside = !space.empty() && name.find('.') == std::string::npos;
    out_.text(is_outside ? concat('.', name) : name);
  }

  void union_(const Schema& node, std::string_view space) {
    out_.open('[');
    for (const Schema* branch : node.branches) {
      type(*branch, space);
    }
    out_.close(']');
  }

  void definition(const Schema& node, std::string_view space) {
    out_.open('{');
    out_.member("type", type_name(node.type));
    if (is_named(node.type)) space = names(node, space);
    if (node.type == Type::record) fields(node, space);
    if (node.type == Type::enum_) out_.texts("symbols", node.symbols);
    if (node.default_symbol) out_.member("default", *node.default_symbol);
    if (node.type == Type::fixed) out_.member("size", static_cast<std::int64_t>(node.size_bytes));
    if (node.items != nullptr) {
      out_.key(node.type == Type::map ? "values" : "items");
      type(*node.items, space);
    }
    if (!node.logical_type.empty() && !is_told_by_connect_name(node)) out_.member("logicalType", node.logical_type);
    if (node.precision != 0) out_.member("precision", std::int64_t{node.precision});
    if (node.scale != 0) out_.member("scale", std::int64_t{node.scale});
    properties(node.properties);
    out_.close('}');
  }

  /// The attributes all named types have. Returns the namespace that holds inside.
  std::string_view names(const Schema& node, std::string_view space) {
    out_.member("name", node.name);
    const std::size_t dot = node.name.rfind('.');
    const std::string_view own = dot == std::string::npos ? std::string_view() : std::string_view(node.name).substr(0, dot);
    if (own.empty() && !space.empty()) out_.member("namespace", "");
    if (!node.doc.empty()) out_.member("doc", node.doc);
    if (!node.aliases.empty()) aliases(node.aliases, own);
    return own;
  }

  void aliases(const std::vector<std::string>& values, std::string_view space) {
    out_.key("aliases");
    out_.open('[');
    for (const std::string& value : values) {
      reference(value, space);
    }
    out_.close(']');
  }

  void fields(const Schema& node, std::string_view space) {
    out_.key("fields");
    out_.open('[');
    for (const Field& field : node.fields) {
      out_.open('{');
      out_.member("name", field.name);
      out_.key("type");
      type(*field.schema, space);
      if (field.default_json) {
        out_.key("default");
        out_.json(*field.default_json);
      }
      if (!field.doc.empty()) out_.member("doc", field.doc);
      if (!field.aliases.empty()) out_.texts("aliases", field.aliases);
      properties(field.properties);
      out_.close('}');
    }
    out_.close(']');
  }

  JsonWriter out_;
  std::unordered_set<const Schema*> defined_;
};

}  // namespace

std::string to_json(const Schema& schema) {
  std::string out;
  SchemaWriter(out).type(schema, "");
  return out;
}

}  // namespace ferry::avro
