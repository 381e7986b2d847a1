#pragma once

#include <string>

#include "base/error.hpp"
#include "remote/answer.hpp"
#include "remote/answer_xml.hpp"
#include "remote/service.hpp"

/// Which error an answer is that tells of no success, or the lack of an answer: those that Store promises.
namespace ferry::remote {

/// What the body of answer says; code is empty where it says nothing.
[[nodiscard]] StoreError store_error_of(const Answer& answer);

/// Whether the same request may succeed a moment later.
[[nodiscard]] bool is_transient(const Answer& answer, const StoreError& error);

/// The seconds by which the server's clock is ahead, where that may be why it did not accept a signature; else 0.
[[nodiscard]] std::int64_t clock_difference(const Answer& answer, const StoreError& error, std::int64_t now);

[[nodiscard]] Error error_of_answer(const Service& service, const std::string& key, const Answer& answer);
[[nodiscard]] Error error_of_failure(const Service& service, const std::string& key, const Transfer::Failure& failure);

/// An answer that is a success, but not the one that was asked for. why: a sentence.
[[nodiscard]] Error error_of_protocol(const Service& service, const std::string& key, const char* why);
[[nodiscard]] Error error_of_change(const Service& service, const std::string& key, const std::string& why);

}  // namespace ferry::remote
