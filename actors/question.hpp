#pragma once

// A question to an actor, asked by a thread that is none.
//
// A caf::scoped_actor could ask as well, but nothing ends its waiting before the deadline: here
// it ends as soon as `given_up` is true. Threading: any thread.

#include <algorithm>
#include <atomic>
#include <caf/all.hpp>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>

#include "base/fd.hpp"

namespace switchyard::actors {

/// Why there is no answer.
enum class unanswered {
  late,  ///< the deadline has passed
  given_up,
  failed  ///< who was asked has ended, or answered with an error
};

/// The answer, once, from the actor that asks on the thread's behalf.
template <class Result>
class answer_box {
 public:
  using content = std::variant<Result, unanswered>;

  void put(content c) {
    {
      const std::lock_guard lock(mutex_);
      if (!content_) content_ = std::move(c);
    }
    came_.notify_one();
  }

  content wait(std::chrono::milliseconds longest, const std::atomic<bool>& given_up) {
    constexpr std::chrono::milliseconds look{100};
    const base::deadline until(longest);
    std::unique_lock lock(mutex_);
    while (!content_ && !until.passed() && !given_up)
      came_.wait_for(lock, std::min(look, until.left()), [this] { return content_.has_value(); });
    if (content_) return *content_;
    return given_up ? unanswered::given_up : unanswered::late;
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::optional<content> content_;
};

template <class Result, class Actor, class... Message>
std::variant<Result, unanswered> ask_actor(caf::actor_system& system,
                                           std::chrono::milliseconds longest,
                                           const std::atomic<bool>& given_up, const Actor& whom,
                                           const Message&... message) {
  const auto box = std::make_shared<answer_box<Result>>();
  // With an argument: CAF 0.17 makes a reference to nothing of none.
  const auto asking = system.spawn(
      [=](caf::event_based_actor* self, const Actor& asked) {
        self->request(asked, caf::infinite, message...)
            .then([=](const Result& answer) { box->put(answer); },
                  [=](const caf::error&) { box->put(unanswered::failed); });
      },
      whom);
  auto answer = box->wait(longest, given_up);
  caf::anon_send_exit(asking, caf::exit_reason::kill);
  return answer;
}

}  // namespace switchyard::actors
