#pragma once

#include <string>

namespace ferry::pg {

/// Refuses a path that is not absolute or has "..". if_relative: what is said of the first; empty: the usual words.
/// Errors: 42602.
void check_path(const std::string& path, std::string if_relative = {});

/// The right to read what is under a path. Of a file of the server: the role, and an absolute path without "..", as COPY FROM
/// demands the first and more; of a URL what StorePlace asks for. Errors: 42501; 42602 path; those of StorePlace.
void check_may_read(const std::string& path);

/// The same to write it, as COPY TO demands.
void check_may_write(const std::string& path);

}  // namespace ferry::pg
