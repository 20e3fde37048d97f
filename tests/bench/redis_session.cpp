#include "tests/bench/redis_session.hpp"

#include <poll.h>

#include <stdexcept>

namespace switchyard::tests::bench {

namespace {

struct freer {
  void operator()(redisReply* answer) const { ::freeReplyObject(answer); }
};
using reply_ptr = std::unique_ptr<redisReply, freer>;

std::string text_of(const redisReply& from) {
  return from.str == nullptr ? "" : std::string(from.str, static_cast<std::size_t>(from.len));
}

std::vector<std::string> strings_of(const redisReply& from) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < from.elements; ++i) all.push_back(text_of(*from.element[i]));
  return all;
}

}  // namespace

redis_session::redis_session(const std::string& socket)
    : session_(::redisConnectUnix(socket.c_str())) {
  if (!session_ || session_->err != 0)
    throw std::runtime_error("Redis: " + std::string(session_ ? session_->errstr : "no memory"));
}

std::string redis_session::ask(const std::vector<std::string>& words) {
  std::vector<const char*> values;
  std::vector<std::size_t> lengths;
  for (const auto& word : words) {
    values.push_back(word.data());
    lengths.push_back(word.size());
  }
  const reply_ptr answer(static_cast<redisReply*>(::redisCommandArgv(
      session_.get(), static_cast<int>(words.size()), values.data(), lengths.data())));
  if (!answer) throw std::runtime_error("Redis: " + std::string(session_->errstr));
  if (answer->type == REDIS_REPLY_ERROR) throw std::runtime_error("Redis: " + text_of(*answer));
  std::string text = text_of(*answer);
  for (const auto& one : strings_of(*answer)) text += (text.empty() ? "" : " ") + one;
  return text;
}

std::vector<std::vector<std::string>> redis_session::pushed() {
  std::vector<std::vector<std::string>> all;
  pollfd waiting{fd(), POLLIN, 0};
  if (::poll(&waiting, 1, 0) > 0 && ::redisBufferRead(session_.get()) != REDIS_OK)
    throw std::runtime_error("Redis: " + std::string(session_->errstr));
  for (;;) {
    void* next = nullptr;
    if (::redisGetReplyFromReader(session_.get(), &next) != REDIS_OK)
      throw std::runtime_error("Redis: " + std::string(session_->errstr));
    if (next == nullptr) return all;
    const reply_ptr owned(static_cast<redisReply*>(next));
    all.push_back(strings_of(*owned));
  }
}

}  // namespace switchyard::tests::bench
