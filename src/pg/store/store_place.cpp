#include "pg/store/store_place.hpp"

#include <fcntl.h>

#include <optional>
#include <utility>

#include "base/concat.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "pg/store/server_options.hpp"
#include "pg/store/shown_errors.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/genam.h"
#include "access/reloptions.h"
#include "catalog/pg_foreign_server.h"
#include "commands/tablespace.h"
#include "foreign/foreign.h"
#include "storage/fd.h"
#include "utils/fmgrprotos.h"
#include "utils/wait_event.h"
}

namespace ferry::pg {
namespace {

/// A server of the wrapper; texts are in the memory context that was current.
struct Server {
  Oid oid;
  const char* name;
  List* options;
};

/// All of them, in a list of Server. Calls the server without a guard.
List* list_servers() {
  List* found = NIL;
  const Oid wrapper = get_foreign_data_wrapper_oid("ferry_store", true);
  if (!OidIsValid(wrapper)) return found;
  Relation const servers = table_open(ForeignServerRelationId, AccessShareLock);
  SysScanDesc const scan = systable_beginscan(servers, InvalidOid, false, nullptr, 0, nullptr);
  while (HeapTuple const tuple = systable_getnext(scan)) {
    const auto* const form = reinterpret_cast<Form_pg_foreign_server>(GETSTRUCT(tuple));
    if (form->srvfdw != wrapper) continue;
    bool is_null = false;
    const Datum options = heap_getattr(tuple, Anum_pg_foreign_server_srvoptions, RelationGetDescr(servers), &is_null);
    auto* const server = static_cast<Server*>(palloc(sizeof(Server)));
    *server = {form->oid, pstrdup(NameStr(form->srvname)), is_null ? NIL : untransformRelOptions(options)};
    found = lappend(found, server);
  }
  systable_endscan(scan);
  table_close(servers, AccessShareLock);
  return found;
}

/// The scope of a server that holds a URL.
std::optional<remote::Url> holding_scope(const Server& server, const remote::Url& url) {
  const char* const scope = find_option(server.options, "scope");
  if (scope == nullptr) return std::nullopt;
  try {
    remote::Url parsed = remote::parse_url(to_utf8(scope));
    if (remote::holds(parsed, url)) return parsed;
  } catch (const Error&) {
    // no validator has seen it
  }
  return std::nullopt;
}

Server server_of(const remote::Url& url, const std::string& text) {
  const Server *best = nullptr, *other = nullptr;
  std::size_t best_size = 0;
  List* const servers = call(list_servers);
  for (int i = 0; i < list_length(servers); i++) {
    const auto* const server = static_cast<const Server*>(list_nth(servers, i));
    const std::optional<remote::Url> scope = holding_scope(*server, url);
    if (!scope || (best != nullptr && scope->key.size() < best_size)) continue;
    other = best != nullptr && scope->key.size() == best_size ? best : nullptr;
    best = server;
    best_size = scope->key.size();
  }
  if (best == nullptr)
    throw Error("42704", concat("no server for \"", text, '"'))
        .detail(
            "What is not on the server's machine can be reached where a server of the wrapper ferry_store has it in its scope.")
        .hint("A superuser makes one: CREATE SERVER ... FOREIGN DATA WRAPPER ferry_store OPTIONS (scope '...').");
  if (other != nullptr)
    throw Error("42710", concat("servers \"", best->name, "\" and \"", other->name, "\" have the same scope"))
        .detail(concat("Both hold \"", text, "\"."));
  return *best;
}

bool may_use(Oid server) {
  return call([server] {
    return DatumGetBool(DirectFunctionCall2(has_server_privilege_id, ObjectIdGetDatum(server), CStringGetTextDatum("USAGE")));
  });
}

/// Superusers have no keys of their own either.
remote::Credentials credentials_for(const Server& server) {
  const Oid user = GetUserId(), oid = server.oid;
  const bool has_mapping = call([user, oid] {
    return SearchSysCacheExists2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(user), ObjectIdGetDatum(oid)) ||
           SearchSysCacheExists2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(InvalidOid), ObjectIdGetDatum(oid));
  });
  if (!has_mapping) {
    const char* const name = call(GetUserNameFromId, user, false);
    throw Error("42704", concat("user mapping not found for user \"", name, "\", server \"", server.name, '"'))
        .hint("It has the keys: CREATE USER MAPPING FOR ... SERVER ... OPTIONS (access_key_id '...', secret_access_key '...').");
  }
  const UserMapping* const mapping = call(GetUserMapping, user, oid);
  return read_credentials(mapping->options);
}

remote::Endpoint endpoint_of(const remote::Url& url, const std::string& text, StoreUse use) {
  if (use == StoreUse::write && url.scheme == remote::Url::Scheme::https)
    throw Error("0A000", concat("cannot write to \"", text, '"')).detail("Addresses of https:// can only be read.");
  const Server server = server_of(url, text);
  if (!may_use(server.oid))
    throw Error("42501", concat("permission denied for foreign server \"", server.name, '"'))
        .detail(concat("It serves \"", text, "\"; USAGE on it is the right to reach that."));
  ServerOptions options = read_server_options(server.options);
  if (use == StoreUse::write && !options.is_writable)
    throw Error("42501", concat("foreign server \"", server.name, "\" is not writable"))
        .detail(concat("It serves \"", text, "\"."))
        .hint("Its owner makes it so: ALTER SERVER ... OPTIONS (ADD writable 'true').");
  if (!options.is_anonymous) options.endpoint.credentials = credentials_for(server);
  return std::move(options.endpoint);
}

remote::Url parse(const std::string& url) {
  return with_shown_errors([&] { return remote::parse_url(to_utf8(url)); });
}

/// A file of the server's temporary ones without a name, which nobody but this process has.
int open_spool() {
  return call([] {
    PrepareTempTablespaces();
    const File file = OpenTemporaryFile(true);
    const int descriptor = ::fcntl(FileGetRawDesc(file), F_DUPFD_CLOEXEC, 0);
    if (descriptor < 0) {
      const int error = errno;
      FileClose(file);
      errno = error;
      ereport(ERROR, (errcode_for_file_access(), errmsg("could not open temporary file: %m")));
    }
    FileClose(file);
    return descriptor;
  });
}

/// In pg_stat_activity.
void show_wait(bool is_waiting) {
  if (is_waiting)
    pgstat_report_wait_start(PG_WAIT_EXTENSION);
  else
    pgstat_report_wait_end();
}

constexpr remote::Surroundings kSurroundings{
    .check_interrupts = check_interrupts, .open_spool = open_spool, .show_wait = show_wait};

}  // namespace

StorePlace::StorePlace(const std::string& url, StoreUse use)
    : url_(parse(url)), store_(url_, endpoint_of(url_, url, use), kSurroundings) {}

const std::string& StorePlace::object_key() const {
  if (url_.scheme == remote::Url::Scheme::s3 && url_.key.empty())
    throw Error("42602", concat("address \"", from_utf8(remote::text_of(url_)), "\" is that of a bucket and not of an object"))
        .hint("Name a key: s3://bucket/key.");
  return url_.key;
}

void check_may_use(const std::string& url, StoreUse use) { (void)endpoint_of(parse(url), url, use); }

}  // namespace ferry::pg
