#include "pg/table/check_switch.hpp"

#include "pg/table/trigger_list.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
}

namespace ferry::pg {

CheckSwitch* CheckSwitch::create(ResultRelInfo* target, const List* constraints) {
  const TriggerDesc* const list = target->ri_TrigDesc;
  auto* const made = static_cast<CheckSwitch*>(palloc(sizeof(CheckSwitch)));
  made->target_ = target;
  made->checks_ = find_checks_of(list, constraints);
  made->enabled_ = static_cast<char*>(palloc(static_cast<Size>(list->numtriggers) + 1));
  for (int i = 0; i < list->numtriggers; i++) made->enabled_[i] = list->triggers[i].tgenabled;
  return made;
}

void CheckSwitch::set(bool on) {
  for (int i = -1; (i = bms_next_member(checks_, i)) >= 0;)
    target_->ri_TrigDesc->triggers[i].tgenabled = on ? enabled_[i] : TRIGGER_DISABLED;
}

}  // namespace ferry::pg
