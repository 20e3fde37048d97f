#pragma once

// Which refused objects are worth a line: those that were not told of yet, and those that were and
// are mended or gone.
//
// Pure. Bounded: past `capacity` known refusals of one provider, further ones are counted, not
// kept.

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/event.hpp"
#include "model/known_refusals.hpp"

namespace switchyard::actors {

class refusal_log {
 public:
  /// What a report is worth telling; of each at most `most` objects, and a last line that counts
  /// the rest.
  struct news {
    std::vector<std::string> refused;
    std::vector<std::string> settled;  ///< of those that were told of
  };

  explicit refusal_log(std::size_t capacity = 10'000) : capacity_(capacity) {}

  /// Takes a provider's report, which replaces what is known or, where it tells changes, forgets
  /// what they mend. Refused is what was not told of yet, or has another reason.
  news take(const std::string& provider, const model::report& report, std::size_t most = 20);
  /// Lines for known refusals that no line has named yet, at most `most`.
  std::vector<std::string> further(const std::string& provider, std::size_t most = 20);
  /// Those that are known of a provider: how many, and the first of them by key.
  std::size_t count(const std::string& provider) const;
  std::vector<model::refusal> first(const std::string& provider, std::size_t most) const;
  /// Forgets the providers that are not among these.
  void keep_only(const std::vector<std::string>& providers);

 private:
  struct refused_of {
    model::known_refusals refused;
    std::set<std::string> unsaid;  // keys that no line has named
  };
  static std::string line(const model::refusal& what);
  /// Keys that are not refused any more.
  static std::vector<std::string> replace(refused_of& known, refused_of now);
  std::vector<std::string> change(refused_of& known, const model::report& changes,
                                  const refused_of& now) const;

  std::size_t capacity_;
  std::map<std::string, refused_of> known_;  // by provider
};

}  // namespace switchyard::actors
