#pragma once

#include <optional>
#include <string>

#include "remote/exchange.hpp"
#include "remote/service.hpp"

namespace ferry::remote {

/// Gives an upload to abort_abandoned_uploads(); one whose id is not known yet with the call that asks for it; or, with neither,
/// an object that is there.
void abandon_upload(SharedService service, const std::string& key, const std::string& upload_id,
                    std::optional<Exchange> beginning = std::nullopt) noexcept;

}  // namespace ferry::remote
