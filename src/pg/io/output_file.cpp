#include "pg/io/output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/concat.hpp"
#include "pg/guard.hpp"
#include "pg/io/waiting_write.hpp"

#include "pg/server.hpp"

extern "C" {
#include "port.h"
#include "storage/fd.h"
#include "storage/ipc.h"
}

namespace ferry::pg {
namespace {

constexpr const char* kDeniedHint =
    "The server writes files as its own user of the operating system. Make a directory that belongs to that user.";

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

void sync_folder(const std::string& folder) { call(fsync_fname_ext, folder.c_str(), true, false, ERROR); }

/// The end of a session in the middle of a statement leaves its frames, and with them destructors, behind.
OutputFile* unfinished_files = nullptr;

}  // namespace

OutputFile::OutputFile(const std::string& path, const OutputFileOptions& options) : path_(path) {
  if (options.has_digest) hash_.emplace();
  std::uint32_t suffix = 0;
  call([&suffix] {
    if (!pg_strong_random(&suffix, sizeof suffix))
      ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random values")));
  });
  temporary_path_ = concat(path, ".", suffix, ".tmp");
  const char* const name = temporary_path_.c_str();
  descriptor_ = call([name] {
    const int descriptor = OpenTransientFilePerm(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | PG_BINARY, S_IRUSR | S_IWUSR);
    if (descriptor < 0) ereport(ERROR, (errcode_for_file_access(), errmsg("could not create file \"%s\": %m", name)));
    return descriptor;
  });
  enlist();
  if (options.mode == (S_IRUSR | S_IWUSR) || ::fchmod(descriptor_, options.mode) == 0) return;
  const int error = errno;
  delist();
  ::unlink(name);
  call([name, error] {
    errno = error;
    ereport(ERROR, (errcode_for_file_access(), errmsg("could not set permissions of file \"%s\": %m", name)));
  });
}

OutputFile::~OutputFile() {
  delist();
  if (!is_committed_) ::unlink(temporary_path_.c_str());
}

void OutputFile::enlist() {
  static bool is_registered = false;
  if (!is_registered) call(on_proc_exit, &OutputFile::remove_unfinished, Datum{0});
  is_registered = true;
  next_ = unfinished_files;
  unfinished_files = this;
}

void OutputFile::delist() {
  for (OutputFile** link = &unfinished_files; *link != nullptr; link = &(*link)->next_)
    if (*link == this) {
      *link = next_;
      return;
    }
}

/// Called by the server when the session ends.
void OutputFile::remove_unfinished(int /*code*/, Datum /*unused*/) {
  for (; unfinished_files != nullptr; unfinished_files = unfinished_files->next_)
    ::unlink(unfinished_files->temporary_path_.c_str());
}

void OutputFile::write(ByteView bytes) {
  bytes_written_ += static_cast<std::int64_t>(bytes.size());
  while (!bytes.empty()) {
    check_interrupts();
    errno = 0;
    const ssize_t count = ::write(descriptor_, bytes.data(), std::min(bytes.size(), kMaxWriteBytes));
    if (count > 0) {
      const auto written = static_cast<std::size_t>(count);
      if (hash_) hash_->update(bytes.first(written));
      bytes = bytes.subspan(written);
      continue;
    }
    if (errno == EINTR) continue;
    // a write that takes nothing and says nothing met a full disk
    if (errno == 0) errno = ENOSPC;
    const char* const name = temporary_path_.c_str();
    call([name] { ereport(ERROR, (errcode_for_file_access(), errmsg("could not write to file \"%s\": %m", name))); });
  }
}

void OutputFile::commit() {
  if (hash_) sha256_ = hash_->finish();
  const char* const from = temporary_path_.c_str();
  const char* const to = path_.c_str();
  const int descriptor = descriptor_;
  call([=] {
    if (pg_fsync(descriptor) != 0) ereport(ERROR, (errcode_for_file_access(), errmsg("could not fsync file \"%s\": %m", from)));
    if (CloseTransientFile(descriptor) != 0)
      ereport(ERROR, (errcode_for_file_access(), errmsg("could not close file \"%s\": %m", from)));
    if (::rename(from, to) != 0)
      ereport(ERROR, (errcode_for_file_access(), errmsg("could not rename file \"%s\" to \"%s\": %m", from, to)));
  });
  is_committed_ = true;
  delist();
  sync_folder(folder_of(path_));
}

void make_folder(const std::string& path) {
  struct ::stat status {};
  if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return;
  // each folder is brought to disk in the one that it was made in
  if (const std::string parent = folder_of(path); parent.size() < path.size()) make_folder(parent);
  std::string scratch = path;  // pg_mkdir_p writes into it
  char* const writable = scratch.data();
  const char* const name = path.c_str();
  call([=] {
    if (pg_mkdir_p(writable, S_IRWXU) == 0) return;
    const bool is_denied = errno == EACCES;
    ereport(ERROR, (errcode_for_file_access(), errmsg("could not create directory \"%s\": %m", name),
                    is_denied ? errhint("%s", kDeniedHint) : 0));
  });
  sync_folder(folder_of(path));
}

}  // namespace ferry::pg
