#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "load/table/target_table.hpp"
#include "load/write/batch_converter.hpp"
#include "load/write/heap_writer.hpp"
#include "pg/table/table_writer.hpp"

namespace ferry::load {

/// Puts records into the table a batch at a time, with the same outcome as RowByRowWriter, for tables on which rows do not depend
/// on each other but by their keys: BatchConverter makes rows, and each heap, the table itself or a partition, has a HeapWriter
/// that decides and writes its own. What they cannot decide, and rows of other partitions, stay pending.
/// A table that is empty and nobody else's yet gets its indexes at the end, as long as keys ascend.
class BatchWriter {
 public:
  /// Nothing where the table is to be loaded row by row: see bulk_rules.hpp. source, target and options outlive the writer.
  static std::unique_ptr<BatchWriter> for_table(Source& source, TargetTable& target, const WriterOptions& options);
  /// For for_table() alone, which finds out whether the table allows it.
  BatchWriter(Source& source, TargetTable& target, const WriterOptions& options);

  /// Decides the records of the batch, at most kMaxBatchRows, as far as it can. False: what became of them may still change, and
  /// the next batch is to have them in front of its own records; or finish().
  [[nodiscard]] bool write(const Batch& batch);
  /// Decides what write() has left open: there is at least one record.
  void finish(const Batch& batch);
  /// To be called when rows were written otherwise: the largest keys are not known any more.
  void forget_largest_keys();
  /// Releases what for_table() took.
  void close();

  /// The largest values of all batches.
  [[nodiscard]] FarthestValues farthest_values() const;

 private:
  /// The table itself or a partition that rows were routed to.
  struct Heap {
    std::optional<FactsInUse> facts{};     ///< of a partition
    std::unique_ptr<HeapWriter> writer{};  ///< nothing where its rows have to be written otherwise
    std::vector<BatchRow> rows{};          ///< of the batch
  };
  void open_table();
  bool open_alone(std::vector<pg::ForeignKey> foreign_keys);
  void close_table();
  void build_indexes();
  void sort_out(const Batch& batch);
  bool write_heaps(const Batch& batch);
  void write_heap(Heap& heap, const Batch& batch);
  Heap& heap_of(ResultRelInfo* target);
  std::unique_ptr<HeapWriter> writer_for(ResultRelInfo* partition, TableFacts& facts);
  void use_bulk(Heap& heap);
  [[nodiscard]] HeapWriter& alone() { return *heaps_.begin()->second.writer; }
  [[nodiscard]] bool has_deferred() const { return !is_partitioned_ && heaps_.begin()->second.writer->has_deferred(); }

  Source& source_;
  TargetTable& target_;
  const WriterOptions& options_;
  const bool is_partitioned_;
  MemoryContext load_context_;
  MemoryContext heap_context_ = nullptr;  ///< of what is needed while the rows of one partition are written
  pg::TableWriter table_{};
  BatchConverter converter_;
  /// By the OID of the table, so that every session writes them in one order: loads of the same rows wait for each other and do
  /// not deadlock. One that is not a partition has no others beside it.
  std::map<Oid, Heap> heaps_;
  std::vector<HeapWriter*> in_bulk_;  ///< partitions with buffers for many rows, the last used at the end
  bool lacks_indexes_ = false;        ///< the rows written so far have no entries in the indexes
};

}  // namespace ferry::load
