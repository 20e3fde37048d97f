#pragma once

// Expected failures as values.
//
// outcome<T> holds a T or an error; status is an outcome without a value. Reading the value of a
// failed outcome is a broken invariant and throws std::logic_error. Threading: plain values.

#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace switchyard::base {

/// What kind of failure an error is; decides whether to retry, not what to print.
enum class errc {
  invalid,      ///< the input breaks a rule; the same input fails again
  not_found,    ///< the named thing does not exist
  unavailable,  ///< the other side cannot be reached now; retrying may help
  timeout,      ///< the deadline passed before the other side answered
  refused,      ///< the other side answered and said no
  io,           ///< the file system or the operating system failed
  conflict,     ///< somebody else holds or changed the thing
  protocol,     ///< the other side answered something that the protocol does not allow
};

/// The name of a kind as it appears in logs, for example "timeout".
const char* to_string(errc kind) noexcept;

/// A failure: its kind and one sentence for the operator (the place, what is wrong, the remedy).
struct error {
  errc kind = errc::invalid;
  std::string message;

  bool operator==(const error&) const = default;
};

/// A T, or the error that took its place.
template <class T>
class [[nodiscard]] outcome {
 public:
  outcome(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  outcome(switchyard::base::error e) : state_(std::in_place_index<1>, std::move(e)) {}

  explicit operator bool() const noexcept { return state_.index() == 0; }

  /// The value. Throws std::logic_error when this is a failure.
  T& value() & { return require(), std::get<0>(state_); }
  const T& value() const& { return require(), std::get<0>(state_); }
  T&& value() && { return require(), std::move(std::get<0>(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// The failure. Throws std::logic_error when there is a value.
  const switchyard::base::error& error() const {
    if (const auto* e = std::get_if<1>(&state_)) return *e;
    throw std::logic_error("outcome: error() of a success");
  }

 private:
  void require() const {
    if (const auto* e = std::get_if<1>(&state_))
      throw std::logic_error("outcome: value() of a failure: " + e->message);
  }

  std::variant<T, switchyard::base::error> state_;
};

/// Success, or the error.
class [[nodiscard]] status {
 public:
  status() = default;
  status(switchyard::base::error e) : failed_(true), error_(std::move(e)) {}

  explicit operator bool() const noexcept { return !failed_; }

  /// The failure. Throws std::logic_error on success.
  const switchyard::base::error& error() const {
    if (!failed_) throw std::logic_error("status: error() of a success");
    return error_;
  }

 private:
  bool failed_ = false;
  switchyard::base::error error_;
};

}  // namespace switchyard::base
