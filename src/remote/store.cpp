#include "remote/store.hpp"

#include "remote/abandoned_uploads.hpp"
#include "remote/answer_error.hpp"
#include "remote/exchange.hpp"
#include "remote/lookup.hpp"
#include "remote/object_reader.hpp"
#include "remote/object_writer.hpp"
#include "remote/service.hpp"

namespace ferry::remote {

/// Readers, writers and abandoned uploads share it: they may live longer than the Store.
struct Store::State {
  SharedService service;
};

Store::Store(const Url& place, Endpoint endpoint, Surroundings surroundings)
    : state_(std::make_unique<State>(State{std::make_shared<Service>(place, std::move(endpoint), surroundings)})) {}

Store::~Store() = default;

std::unique_ptr<ObjectReader> Store::read(const std::string& key) { return open_object(state_->service, key); }

std::optional<ObjectFacts> Store::find(const std::string& key) { return find_object(state_->service, key); }

std::unique_ptr<ObjectWriter> Store::write(const std::string& key) { return new_object(state_->service, key); }

void Store::list(const std::string& prefix, const std::function<void(const ObjectFacts&)>& visit) {
  list_objects(state_->service, prefix, visit);
}

std::vector<ObjectFacts> Store::list_folder(const std::string& prefix) { return remote::list_folder(state_->service, prefix); }

void Store::remove(const std::string& key) {
  Exchange exchange(state_->service, {.method = "DELETE", .key = key});
  const Answer& answer = exchange.finish();
  if (answer.is_success() || (answer.status == 404 && store_error_of(answer).code != "NoSuchBucket")) return;
  throw error_of_answer(*state_->service, key, answer);
}

void Store::give_up(const std::string& key) noexcept { abandon_upload(state_->service, key, {}); }

}  // namespace ferry::remote
