#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "load/record/loaded_column.hpp"
#include "load/record/record.hpp"
#include "load/table/table_facts.hpp"
#include "pg/guard.hpp"
#include "pg/subtransaction.hpp"

namespace ferry::load {

/// Which of the columns of a load its records fill.
enum class RecordColumns : std::uint8_t {
  all,
  chosen,  ///< each record those that it gives values for
};

/// The table that a load fills: what its catalog says of it, read once per load and valid as long as the table is open.
class TargetTable {
 public:
  /// Where its rows are, and so how they get there.
  enum class Storage : std::uint8_t {
    here,    ///< in the table itself, its partitions or on the server of a foreign table
    engine,  ///< where an extension puts them: see pg/table/table_engine.hpp
    view,    ///< where its query, its rules or its triggers say
  };

  /// Opens and locks the table, or view, for writing and reads its columns; of generated ones nothing. The load fills all of
  /// them, in their order, unless choose_columns() says otherwise. Errors: 42P01, 42809 no table; 42501 no right to insert at
  /// all; 25006 read-only transaction.
  explicit TargetTable(Oid table, RecordColumns record_columns = RecordColumns::all);

  /// Closes the table; its lock stays until the transaction ends.
  void close();

  /// Makes the load fill these columns in this order, and the others by default. Errors: 42703, 42701, 42P10 generated.
  void choose_columns(const std::vector<std::string>& names);

  /// The indexes of the columns that the load fills, in the order of a record's fields.
  [[nodiscard]] const std::vector<std::size_t>& field_columns() const { return field_columns_; }
  /// The same columns for a source; they live as long as the object.
  [[nodiscard]] std::vector<LoadedColumn> loaded_columns() const;
  /// The column of the field with that index, or null.
  [[nodiscard]] const TargetColumn* column_of_field(std::optional<std::size_t> index) const {
    return index ? &columns_[field_columns_[*index]] : nullptr;
  }
  [[nodiscard]] std::vector<TargetColumn>& columns() { return columns_; }
  [[nodiscard]] const std::vector<TargetColumn>& columns() const { return columns_; }
  [[nodiscard]] const TargetColumn* find_column(std::string_view name) const;
  /// Of a column that find_column() does not find. Errors: 42703; 42P10 generated.
  [[noreturn]] void fail_no_column(const std::string& name) const;
  [[nodiscard]] Relation relation() const { return relation_; }
  [[nodiscard]] Storage storage() const { return storage_; }
  /// Leaves the values of columns that a record gives none for to the statement that writes it.
  void leave_defaults();
  [[nodiscard]] const std::string& schema_name() const { return schema_name_; }
  [[nodiscard]] const std::string& table_name() const { return table_name_; }
  /// schema.table, quoted where SQL needs it.
  [[nodiscard]] std::string qualified_name() const;
  [[nodiscard]] std::string owner() const;
  /// Attribute numbers of the primary key, in its order; empty where there is none. Of a view that shows the rows of one table:
  /// those of the columns that show its key.
  [[nodiscard]] const std::vector<AttrNumber>& primary_key() const { return (*facts_)->primary_key; }
  /// What is kept of the table from load to load.
  [[nodiscard]] TableFacts& facts() const { return **facts_; }
  /// The names of the columns in a constraint or unique index of a table, joined by ", "; empty where the constraint is not
  /// found or the table is neither this one nor one of its partitions or children.
  [[nodiscard]] std::string columns_of_constraint(const std::string& schema, const std::string& table,
                                                  const std::string& constraint) const;
  /// What is wrong with a row that has a value for a column of that name, which find_column() does not find.
  [[nodiscard]] Problem no_such_column(const std::string& name) const;
  /// What an error says of a row. converted: the column whose value was being converted, or null.
  [[nodiscard]] Problem explain(const pg::CaughtError& error, const TargetColumn* converted) const;
  /// Whether the columns of a table by that name are those that the load fills; of a view: whether that table is behind it.
  [[nodiscard]] bool is_own_table(const std::string& schema, const std::string& table) const;

  /// Shows to modules that audit that a load adds rows, or replaces some, too.
  void show_use(bool replaces) const;
  /// The user's right to fill the columns of the load, for loads that are one whole. Errors: 42501.
  void check_may_insert();
  /// The same for the columns that a record has fields for.
  void check_may_insert(const Fields& fields) {
    if (!may_insert_all_) check_columns_of(fields);
  }
  /// The user's right to replace rows by the primary key with what is loaded, as ON CONFLICT DO UPDATE needs it: SELECT and
  /// UPDATE on the loaded columns, and SELECT on those of the key. Where records choose their columns, check_may_insert() looks
  /// at those of each record for that, too, from then on. Errors: 42501.
  void check_may_update();
  /// The columns that every record gives values for, for TableWriter::open(): errors show no others. Null where records choose.
  /// Calls the server without a guard.
  [[nodiscard]] Bitmapset* written_columns() const;
  /// Whether each record gives values for columns of its own choice.
  [[nodiscard]] bool records_choose() const { return record_columns_ == RecordColumns::chosen; }
  /// Whether row-level security limits what the user may insert.
  [[nodiscard]] bool has_row_security() const;

 private:
  void copy_columns();
  void check_may_insert(TargetColumn& column) const;
  void check_columns_of(const Fields& fields);

  RecordColumns record_columns_;
  Storage storage_ = Storage::here;
  Relation relation_;
  std::optional<FactsInUse> facts_;  ///< made when the table is locked
  std::string schema_name_, table_name_;
  std::vector<TargetColumn> columns_;
  std::vector<std::size_t> field_columns_;
  bool replaces_rows_ = false;   ///< a column of a record is one to be updated, too
  bool may_insert_all_ = false;  ///< the right was looked up for each of those, and is there
};

}  // namespace ferry::load
