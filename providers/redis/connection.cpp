#include "providers/redis/connection.hpp"

#include <hiredis/hiredis.h>

#include <utility>

namespace switchyard::providers::redis {

namespace {

using base::errc;
using base::error;

/// Of the answers to one ask(). No honest answer comes near.
constexpr std::size_t longest_answer = 256U << 20U;
/// Answers that are taken in one go. Who sends without a pause shall not keep us here.
constexpr std::size_t most_at_once = 10'000;

struct free_reply {
  void operator()(redisReply* answer) const noexcept { ::freeReplyObject(answer); }
};

reply value_of(const redisReply& from) {
  reply result;
  switch (from.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
      result.is = from.type == REDIS_REPLY_ERROR ? reply::type::error : reply::type::text;
      result.text.assign(from.str, static_cast<std::size_t>(from.len));
      break;
    case REDIS_REPLY_INTEGER:
      result.is = reply::type::integer;
      result.integer = from.integer;
      break;
    case REDIS_REPLY_ARRAY:
      result.is = reply::type::list;
      result.list.reserve(from.elements);
      for (std::size_t i = 0; i < from.elements; ++i)
        result.list.push_back(value_of(*from.element[i]));
      break;
    default:
      break;
  }
  return result;
}

void append(std::string& to, const command& one) {
  to += '*' + std::to_string(one.size()) + "\r\n";
  for (const auto& word : one) to += '$' + std::to_string(word.size()) + "\r\n" + word + "\r\n";
}

}  // namespace

void connection::free_reader::operator()(redisReader* reader) const noexcept {
  ::redisReaderFree(reader);
}

connection::connection(std::unique_ptr<stream> opened)
    : stream_(std::move(opened)), reader_(::redisReaderCreate()) {}

connection::~connection() = default;

base::outcome<std::unique_ptr<connection>> connection::open(const endpoint& to,
                                                            const tls_files& files,
                                                            const base::wakeup* interrupt,
                                                            std::chrono::milliseconds longest) {
  auto opened = stream::open(to, files, interrupt, base::deadline(longest));
  if (!opened) return opened.error();
  std::unique_ptr<connection> made(new connection(std::move(*opened)));
  if (!made->reader_) return error{errc::io, "out of memory"};
  return made;
}

/// Whether a whole answer was there.
base::outcome<bool> connection::take(reply& next) {
  void* raw = nullptr;
  if (::redisReaderGetReply(reader_.get(), &raw) != REDIS_OK)
    return error{errc::protocol, std::string("not an answer of Redis: ") + reader_->errstr};
  if (raw == nullptr) return false;
  const std::unique_ptr<redisReply, free_reply> owned(static_cast<redisReply*>(raw));
  next = value_of(*owned);
  return true;
}

base::status connection::feed(std::string_view bytes) {
  if (::redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) == REDIS_OK) return {};
  return error{errc::protocol, std::string("not an answer of Redis: ") + reader_->errstr};
}

base::outcome<std::vector<reply>> connection::ask(const std::vector<command>& commands,
                                                  std::chrono::milliseconds longest) {
  const base::deadline until(longest);
  std::string bytes;
  for (const auto& one : commands) append(bytes, one);
  if (const auto sent = stream_->send(bytes, until); !sent) return sent.error();
  std::vector<reply> answers;
  std::size_t length = 0;
  while (answers.size() < commands.size()) {
    reply next;
    const auto whole = take(next);
    if (!whole) return whole.error();
    if (*whole) {
      answers.push_back(std::move(next));
      continue;
    }
    const auto got = stream_->receive(until);
    if (!got) return got.error();
    length += got->size();
    if (length > longest_answer) return error{errc::protocol, "the answer of Redis is too long"};
    if (const auto fed = feed(*got); !fed) return fed.error();
  }
  return answers;
}

base::status connection::send(const command& one, std::chrono::milliseconds longest) {
  std::string bytes;
  append(bytes, one);
  return stream_->send(bytes, base::deadline(longest));
}

base::outcome<std::vector<reply>> connection::arrived() {
  std::vector<reply> result;
  for (;;) {
    const auto got = stream_->received();
    if (!got) return got.error();
    if (const auto fed = feed(*got); !fed) return fed.error();
    for (;;) {
      reply next;
      const auto whole = take(next);
      if (!whole) return whole.error();
      if (!*whole) break;
      result.push_back(std::move(next));
    }
    if (got->empty() || result.size() >= most_at_once) return result;
  }
}

base::outcome<reply> connection::await(const base::deadline& until) {
  reply next;
  for (;;) {
    const auto whole = take(next);
    if (!whole) return whole.error();
    if (*whole) return next;
    const auto got = stream_->receive(until);
    if (!got) return got.error();
    if (const auto fed = feed(*got); !fed) return fed.error();
  }
}

}  // namespace switchyard::providers::redis
