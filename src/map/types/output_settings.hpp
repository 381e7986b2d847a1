#pragma once

#include "map/types/type_kind.hpp"

#include "pg/server.hpp"

namespace ferry::map {

/// The settings that output and input functions go by, set to the same values whatever the session has: DateStyle,
/// IntervalStyle, TimeZone, extra_float_digits, bytea_output, search_path, quote_all_identifiers, and in profile lossless
/// lc_monetary, without which money has no meaning elsewhere. Both functions call the server without a guard. After an error the
/// abort of the (sub)transaction takes the settings back.
class OutputSettings {
 public:
  explicit OutputSettings(Profile profile) : profile_(profile) {}
  void enter();
  void leave();

 private:
  Profile profile_;
  int nest_level_ = 0;
};

/// Whether the text of a type's values depends on these settings. True for types that are not known.
[[nodiscard]] bool depends_on_settings(Oid type);

}  // namespace ferry::map
