#pragma once

// Servers whose rows have not changed since they were last read, so that one changed row of a
// backend does not cost the decoding of all.
//
// Rows are compared as text, byte by byte. Threading: one thread. Memory: about twice the rows'
// text.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "model/backend.hpp"

namespace switchyard::providers::postgres {

class row_cache {
 public:
  /// The server that this text was decoded to last time; nullptr when it is another text.
  const model::server* find(const std::string& backend, const std::string& server,
                            const std::string& row);
  void put(const std::string& backend, const std::string& server, const std::string& row,
           const model::server& decoded);
  /// A read has ended: rows that it did not show are forgotten, those of these backends or all.
  void end_read(const std::set<std::string>& backends);
  void end_read();
  /// Likewise when no other rows than those of these servers, by backend, were asked for.
  void end_read(const std::map<std::string, std::set<std::string>>& servers);

 private:
  struct entry {
    std::string row;
    model::server decoded;
    std::uint64_t seen = 0;
  };
  using entries = std::map<std::string, entry>;

  void forget_unseen(entries& of) const;

  std::map<std::string, entries> backends_;
  std::uint64_t read_ = 1;
};

}  // namespace switchyard::providers::postgres
