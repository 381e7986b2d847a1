#include "pg/io/remote_object.hpp"

#include "base/bytes.hpp"
#include "pg/io/remote_sink.hpp"
#include "pg/store/shown_errors.hpp"
#include "pg/store/store_place.hpp"

namespace ferry::pg {

void write_object(const std::string& url, std::string_view bytes) {
  RemoteSink object(url);
  object.write(as_bytes(bytes));
  object.commit();
}

std::optional<remote::ObjectFacts> find_object(const std::string& url) {
  StorePlace place(url, StoreUse::read);
  return with_shown_errors([&] { return place.store().find(place.object_key()); });
}

std::vector<remote::ObjectFacts> list_objects(const std::string& url) {
  StorePlace place(url, StoreUse::read);
  std::string prefix = place.key();
  if (!prefix.empty() && !prefix.ends_with('/')) prefix += '/';
  std::vector<remote::ObjectFacts> objects = with_shown_errors([&] { return place.store().list_folder(prefix); });
  for (remote::ObjectFacts& object : objects) object.key.erase(0, prefix.size());
  return objects;
}

void remove_object(const std::string& url) {
  StorePlace place(url, StoreUse::write);
  with_shown_errors([&] { place.store().remove(place.object_key()); });
}

}  // namespace ferry::pg
