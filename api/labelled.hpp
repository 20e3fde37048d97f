#pragma once

// One family of Prometheus metrics by the values of its labels. Inside of metrics.
//
// Threading: any thread.

#include <prometheus/family.h>

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace switchyard::api {

/// The metrics of one family by the values of at most two labels, each made with its first use.
template <class Metric>
class labelled {
 public:
  labelled(prometheus::Family<Metric>& family, std::string first, std::string second = "")
      : family_(family), first_(std::move(first)), second_(std::move(second)) {}

  template <class... Arguments>
  Metric& at(std::string_view first, std::string_view second = "", const Arguments&... arguments) {
    const std::lock_guard lock(mutex_);
    const auto key = std::pair(first, second);
    if (const auto known = known_.find(key); known != known_.end()) return *known->second;
    prometheus::Labels labels{{first_, std::string(first)}};
    if (!second_.empty()) labels[second_] = second;
    auto& made = family_.Add(labels, arguments...);
    known_.emplace(std::pair(std::string(first), std::string(second)), &made);
    return made;
  }

  /// Takes away all whose first label has this value.
  void remove(std::string_view first) {
    const std::lock_guard lock(mutex_);
    std::erase_if(known_, [&](const auto& entry) {
      if (entry.first.first != first) return false;
      family_.Remove(entry.second);
      return true;
    });
  }

 private:
  struct by_value {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      const std::string_view first_a = a.first;
      const std::string_view first_b = b.first;
      return first_a != first_b ? first_a < first_b
                                : std::string_view(a.second) < std::string_view(b.second);
    }
  };

  prometheus::Family<Metric>& family_;
  std::string first_, second_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Metric*, by_value> known_;
};

}  // namespace switchyard::api
