#pragma once

#include "pg/guard.hpp"

extern "C" {
#include "nodes/pg_list.h"
#include "utils/reltrigger.h"
}

/// Changes of the private copy of a table's trigger list that a ResultRelInfo has, and questions to any list, which may be
/// null. The functions call the server without a guard of their own.
namespace ferry::pg {

/// Leaves only the triggers of constraints, but those that are NOT VALID, and of ON DELETE and ON UPDATE actions only the check
/// of what they would change.
void keep_constraint_triggers(TriggerDesc* list);
/// Makes deferrable triggers (foreign keys, unique keys, CREATE CONSTRAINT TRIGGER) fire at once.
void make_immediate(TriggerDesc* list);
/// Takes the checks out that a new row's foreign keys to one of the tables would have, but for those with a period.
void leave_out_checks(TriggerDesc* list, const List* referenced);
/// Takes the checks of a new row out for these foreign keys, a list of OIDs of constraints, and for those that a partition has
/// because its table has one of them.
void leave_out_checks_of(TriggerDesc* list, const List* constraints);
/// Which of the triggers are such checks, by their positions; null: none.
[[nodiscard]] Bitmapset* find_checks_of(const TriggerDesc* list, const List* constraints);
/// Takes out all triggers of foreign keys between the table and one of these tables, whichever of the two refers to the other.
void leave_out_foreign_keys(TriggerDesc* list, const List* partners);

/// Whether a trigger fires in this session, as far as ENABLE and DISABLE say. Raises no error.
[[nodiscard]] bool fires(const Trigger& trigger);
/// Whether row triggers for INSERT or UPDATE have a transition table. Raises no error.
[[nodiscard]] bool has_row_transition(const TriggerDesc* list);
/// Whether there is a row trigger for INSERT other than those of constraints. Raises no error.
[[nodiscard]] bool has_row_insert_trigger_of_user(const TriggerDesc* list);

}  // namespace ferry::pg
