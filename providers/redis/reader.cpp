#include "providers/redis/reader.hpp"

#include <algorithm>
#include <utility>

#include "providers/quota_sink.hpp"
#include "providers/redis/keys.hpp"
#include "providers/redis/session.hpp"

namespace switchyard::providers::redis {

namespace {

using base::errc;
using base::error;

constexpr std::size_t keys_at_once = 500;
constexpr const char* names_at_once = "1000";
/// What Redis needs for a hash of most_fields fields and longest_value bytes is less (in Redis 7
/// with jemalloc about 200 KB); of keys_at_once larger ones it would give more than a connection
/// takes.
constexpr std::int64_t most_memory = 262'144;
/// A guess at a key's type is set right by the answer to it; more wrong ones in a row than this
/// mean that the key changes its type all the time.
constexpr int most_guesses = 4;

error no(const std::string& what, const reply& refused) {
  return {errc::refused, what + ": " + words_of(refused)};
}

error unexpected(const std::string& what) {
  return {errc::protocol, "Redis gave an unexpected answer to " + what};
}

/// Its value can be nothing but a string, whatever it is.
bool is_route(const std::string& key) {
  return key.starts_with("route:");
}

void take_fields(const reply& list, content& into) {
  std::size_t length = 0;
  for (std::size_t i = 0; i + 1 < list.list.size(); i += 2) {
    into.fields.emplace_back(list.list[i].text, list.list[i + 1].text);
    length += list.list[i].text.size() + list.list[i + 1].text.size();
  }
  if (length <= longest_value) return;
  into.is = content::type::too_long;
  into.fields.clear();
}

/// `three`: the answers to TYPE, PTTL and the reading; `large`: what a hash has that was not read,
/// or nullptr. Nothing when the reading was meant for another type.
std::optional<content> content_of(const reply* three, bool only_text, const std::string* large) {
  const auto& type = three[0];
  const auto& left = three[1];
  const auto& value = three[2];
  content result;
  if (type.text == "none") return result;
  if (left.is == reply::type::integer && left.integer >= 0)
    result.expires_in = std::chrono::milliseconds(left.integer);
  if ((type.text != "hash" || only_text) && type.text != "string") {
    result.is = content::type::other;
    result.text = type.text;
    return result;
  }
  if (value.error() || (large != nullptr && type.text != "hash")) return {};
  if (large != nullptr) {
    result.is = content::type::too_long;
    result.text = *large;
    return result;
  }
  if (type.text == "hash") {
    result.is = content::type::hash;
    take_fields(value, result);
    return result;
  }
  result.is = value.text.size() > longest_value ? content::type::too_long : content::type::text;
  if (result.is == content::type::text) result.text = value.text;
  return result;
}

std::size_t bytes_of(const content& value) {
  auto sum = value.text.size();
  for (const auto& [name, text] : value.fields) sum += name.size() + text.size();
  return sum;
}

}  // namespace

reader::reader(std::unique_ptr<connection> session, std::string prefix,
               std::chrono::milliseconds timeout, std::size_t most_bytes,
               std::function<base::status()> between)
    : session_(std::move(session)),
      prefix_(std::move(prefix)),
      timeout_(timeout),
      most_bytes_(most_bytes),
      between_(std::move(between)) {}

base::outcome<std::set<std::string>> reader::names() {
  std::set<std::string> found;
  std::size_t bytes = 0;
  std::string cursor = "0";
  do {
    const auto answers = session_->ask(
        {{"SCAN", cursor, "MATCH", pattern_of_prefix(prefix_), "COUNT", names_at_once}}, timeout_);
    if (!answers) return answers.error();
    const auto& page = answers->front();
    if (page.error()) return no("SCAN", page);
    if (page.list.size() != 2) return unexpected("SCAN");
    cursor = page.list[0].text;
    for (const auto& name : page.list[1].list)  // a name may come more than once
      if (name.text.starts_with(prefix_) && found.insert(name.text.substr(prefix_.size())).second)
        bytes += name.text.size();
    if (bytes > most_bytes_) return too_many_bytes(most_bytes_);
    if (!between_) continue;
    if (const auto more = between_(); !more) return more.error();
  } while (cursor != "0");
  std::erase_if(texts_, [&](const auto& key) { return !found.contains(key); });
  return found;
}

/// The answers to `inner`, followed by those to `after`; nothing when a touched key prevented it.
base::outcome<std::optional<std::vector<reply>>> reader::attempt(
    const std::vector<command>& inner, const std::vector<command>& after) {
  std::vector<command> commands{{"MULTI"}};
  commands.insert(commands.end(), inner.begin(), inner.end());
  commands.push_back({"EXEC"});
  commands.insert(commands.end(), after.begin(), after.end());
  const bool arms = watched_ && without_watch_.empty();
  if (arms) {
    commands.push_back({"WATCH", prefix_ + *watched_});
    commands.push_back({"EXISTS", prefix_ + *watched_});
  }
  auto answers = session_->ask(commands, timeout_);
  if (!answers) return answers.error();
  const bool was_armed = std::exchange(armed_, false);
  if (arms) arm(*answers);
  const auto exec = inner.size() + 1;
  for (std::size_t i = 0; i <= exec; ++i) {
    memory_full_ = (*answers)[i].error("OOM");
    if ((*answers)[i].error()) return no(commands[i].front(), (*answers)[i]);
  }
  auto result = std::move((*answers)[exec]);
  if (result.is == reply::type::nil && was_armed) return std::optional<std::vector<reply>>();
  if (result.is != reply::type::list || result.list.size() != inner.size())
    return unexpected("EXEC");
  for (auto i = exec + 1; i < answers->size(); ++i) result.list.push_back(std::move((*answers)[i]));
  return std::optional(std::move(result.list));
}

base::outcome<std::vector<reply>> reader::transaction(const std::vector<command>& inner,
                                                      const std::vector<command>& after) {
  auto first = attempt(inner, after);
  if (!first) return first.error();
  if (*first) return std::move(**first);
  disturbed_ = true;
  watched_.reset();
  armed_ = false;
  if (const auto ended = session_->ask({{"UNWATCH"}}, timeout_); !ended) return ended.error();
  auto second = attempt(inner, after);
  if (!second) return second.error();
  if (*second) return std::move(**second);
  return unexpected("EXEC");
}

/// Takes the answers to WATCH and EXISTS off the end.
void reader::arm(std::vector<reply>& answers) {
  const auto exists = std::move(answers.back());
  answers.pop_back();
  const auto watch = std::move(answers.back());
  answers.pop_back();
  if (watch.error()) {
    without_watch_ = words_of(watch);
    return;
  }
  armed_ = true;
  if (exists.is == reply::type::integer && exists.integer == 0) disturbed_ = true;
}

base::outcome<std::vector<reply>> reader::beat(const std::vector<command>& more) {
  return transaction({}, more);
}

bool reader::read_as_text(const std::string& key) const {
  return texts_.contains(key) || is_route(key);
}

/// Notes those of the keys that are hashes which are too large to be read. It costs a round trip:
/// what has grown since would be read. Not in a transaction, which a refusal would prevent.
base::status reader::ask_sizes(const std::vector<std::string>& keys) {
  too_large_.clear();
  std::vector<std::string> hashes;
  std::vector<command> questions;
  for (const auto& key : keys) {
    if (read_as_text(key)) continue;
    hashes.push_back(key);
    questions.push_back({"HLEN", prefix_ + key});
    // As many of its fields are measured; more are too many anyway.
    questions.push_back({"MEMORY", "USAGE", prefix_ + key, "SAMPLES", std::to_string(most_fields)});
  }
  if (questions.empty() || !without_sizes_.empty()) return {};
  const auto answers = session_->ask(questions, timeout_);
  if (!answers) return answers.error();
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    const auto& fields = (*answers)[2 * i];
    const auto& memory = (*answers)[2 * i + 1];
    for (const auto* answer : {&fields, &memory})
      if (answer->error("NOPERM") || answer->error("ERR")) without_sizes_ = words_of(*answer);
    if (fields.integer > most_fields)
      too_large_[hashes[i]] = std::to_string(fields.integer) + " fields";
    else if (!fields.error() && memory.integer > most_memory)
      too_large_[hashes[i]] = "about " + std::to_string(memory.integer) + " bytes";
  }
  return {};
}

/// What a hash has that is too large to be read; nullptr when it is not.
const std::string* reader::large_size(const std::string& key) const {
  const auto found = too_large_.find(key);
  return found == too_large_.end() ? nullptr : &found->second;
}

std::string reader::remarks() const {
  std::string all;
  const auto add = [&all](const std::string& text) { all += (all.empty() ? "" : "; ") + text; };
  if (!without_watch_.empty())
    add("FLUSHDB and SWAPDB are noticed at the next resync only, since keys cannot be watched (" +
        without_watch_ + ")");
  if (!without_sizes_.empty())
    add("a hash of hundreds of megabytes costs the connection, since its size cannot be asked for "
        "(" +
        without_sizes_ + ")");
  return all;
}

command reader::reading_of(const std::string& key) const {
  if (large_size(key) != nullptr) return {"EXISTS", prefix_ + key};
  if (!read_as_text(key)) return {"HGETALL", prefix_ + key};
  // One byte more than is read, to know that there is more.
  return {"GETRANGE", prefix_ + key, "0", std::to_string(longest_value)};
}

base::status reader::read_some(const std::vector<std::string>& keys, contents& into,
                               std::vector<std::string>& again) {
  if (auto asked = ask_sizes(keys); !asked) return asked;
  std::vector<command> commands;
  commands.reserve(keys.size() * 3);
  for (const auto& key : keys) {
    commands.push_back({"TYPE", prefix_ + key});
    commands.push_back({"PTTL", prefix_ + key});
    commands.push_back(reading_of(key));
  }
  auto answers = transaction(commands);
  // A Redis whose memory is full queues nothing for a transaction, and reads all the same.
  if (!answers && memory_full_) answers = transaction({}, commands);
  if (!answers) return answers.error();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto* three = &(*answers)[i * 3];
    for (std::size_t j = 0; j < 3; ++j)
      if (three[j].error() && !three[j].error("WRONGTYPE"))
        return no(commands[i * 3 + j].front() + ' ' + shown_key(prefix_ + keys[i]), three[j]);
    if (three[0].text == "string" && !is_route(keys[i]))
      texts_.insert(keys[i]);
    else
      texts_.erase(keys[i]);
    auto read = content_of(three, is_route(keys[i]), large_size(keys[i]));
    if (read) bytes_ += keys[i].size() + bytes_of(*read);
    if (bytes_ > most_bytes_) return too_many_bytes(most_bytes_);
    if (read)
      into.insert_or_assign(keys[i], std::move(*read));
    else
      again.push_back(keys[i]);
  }
  return {};
}

base::outcome<contents> reader::read(const std::set<std::string>& keys) {
  contents result;
  bytes_ = 0;
  std::vector<std::string> left(keys.begin(), keys.end());
  for (int guesses = 0; !left.empty(); ++guesses) {
    if (guesses == most_guesses)
      return error{errc::refused,
                   shown_key(prefix_ + left.front()) + " changes its type all the time"};
    std::vector<std::string> again;
    for (std::size_t from = 0; from < left.size(); from += keys_at_once) {
      const auto to = std::min(left.size(), from + keys_at_once);
      const std::vector<std::string> some(left.begin() + static_cast<std::ptrdiff_t>(from),
                                          left.begin() + static_cast<std::ptrdiff_t>(to));
      if (const auto done = read_some(some, result, again); !done) return done.error();
      if (!between_) continue;
      if (const auto more = between_(); !more) return more.error();
    }
    left = std::move(again);
  }
  return result;
}

}  // namespace switchyard::providers::redis
