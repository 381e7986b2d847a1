#include "load/date_style.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
}

namespace ferry::load {

bool depends_on_date_style(Oid type) {
  return pg::call([type] {
    const Oid base = getBaseType(type), element = get_element_type(base);
    char category = 0;
    bool is_preferred = false;
    get_type_category_preferred(OidIsValid(element) ? getBaseType(element) : base, &category, &is_preferred);
    return category == TYPCATEGORY_DATETIME || category == TYPCATEGORY_RANGE || category == TYPCATEGORY_COMPOSITE;
  });
}

std::string session_date_style() { return GetConfigOption("datestyle", false, false); }

}  // namespace ferry::load
