#pragma once

// What was told of each topic last, so that a state is told once and not with every pass.
//
// Pure. Threading: one thread.

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::haproxy {

/// A topic of each frontend: its name stands behind this.
inline constexpr const char* about_default_backend = "default_backend of ";

/// A command that was refused: behind this "BACKEND/SERVER", or "backend BACKEND" for one that is
/// about no server.
inline constexpr const char* about_step = "step ";

class told_topics {
 public:
  /// Names come and go: past this many topics no other one is kept, apart from troubles, and what
  /// is told of it is said with every pass.
  static constexpr std::size_t most = 10'000;

  /// Whether that is something new of the topic; it is the last that was told from now on. A
  /// trouble stands until something else is told of the topic, or it has ended.
  bool news(const std::string& topic, const std::string& text, bool trouble = false);
  /// The troubles that stand: the first `most_troubles` of them.
  std::vector<std::string> troubles() const;
  static constexpr std::size_t most_troubles = 20;
  /// The rests of the topics that begin so and have not ended.
  std::vector<std::string> standing(std::string_view start) const;
  /// Whether something of it was told that has not ended.
  bool contains(const std::string& topic) const { return last_.contains(topic); }
  /// What was told of it has ended.
  void quiet(const std::string& topic) { last_.erase(topic); }
  /// The same for those topics that begin so, and whose rest is one of those that `ended` tells.
  void quiet_all(const std::string& start, const std::function<bool(const std::string&)>& ended);
  void clear() { last_.clear(); }

 private:
  struct told {
    std::string text{};
    bool trouble = false;
  };

  std::map<std::string, told> last_;
};

}  // namespace switchyard::haproxy
