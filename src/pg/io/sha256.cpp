#include "pg/io/sha256.hpp"

#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "common/cryptohash.h"
#include "common/sha2.h"
}

namespace ferry::pg {
namespace {

void check(int result, pg_cryptohash_ctx* context) {
  if (result < 0) elog(ERROR, "could not compute SHA-256 digest: %s", pg_cryptohash_error(context));
}

}  // namespace

Sha256::Sha256() {
  context_ = call([] {
    pg_cryptohash_ctx* const context = pg_cryptohash_create(PG_SHA256);
    if (context == nullptr) ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
    check(pg_cryptohash_init(context), context);
    return context;
  });
}

void Sha256::update(ByteView bytes) {
  call([this, bytes] { check(pg_cryptohash_update(context_, bytes.data(), bytes.size()), context_); });
}

std::string Sha256::finish() {
  constexpr char kHex[] = "0123456789abcdef";
  uint8 digest[PG_SHA256_DIGEST_LENGTH];
  uint8* const out = digest;
  call([this, out] {
    check(pg_cryptohash_final(context_, out, PG_SHA256_DIGEST_LENGTH), context_);
    pg_cryptohash_free(context_);
  });
  std::string text;
  for (const uint8 byte : digest) {
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

std::string sha256_of(ByteView bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

}  // namespace ferry::pg
