// What must hold for every file we write. Knows nothing of how it was rendered.

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "haproxy/config_store.hpp"
#include "haproxy/profiles.hpp"
#include "haproxy/words.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::status;

/// Reads a file line by line and remembers what may be there only once.
class inspector {
 public:
  status inspect(std::string_view text) {
    if (text.empty() || text.back() != '\n')
      return error{errc::invalid, "the configuration does not end in a newline"};
    while (!text.empty()) {
      const auto end = text.find('\n');
      ++number_;
      if (auto ok = line(text.substr(0, end)); !ok) return ok;
      text.remove_prefix(end + 1);
    }
    return end_section();
  }

 private:
  struct named_server {
    std::string_view name;
    std::size_t line;
  };

  static error broken(std::size_t line, const std::string& what) {
    return {errc::invalid, "line " + std::to_string(line) + " of the configuration: " + what};
  }

  status line(std::string_view text) {
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 || byte > 0x7e) return broken(number_, "a byte that is not printable ASCII");
      // Nothing of ours needs them, and they are what expands variables and hides characters.
      if (c == '"' || c == '\\') return broken(number_, "a double quote or a backslash");
    }
    if (text.empty() || text.front() == '#') return {};
    if (text == profiles_start || text == profiles_end) return end_section();
    const bool indented = text.front() == ' ';
    const auto word = take_word(text);
    if (!indented) return section(word, take_word(text));
    return word == "server" ? server(text) : status();
  }

  status section(std::string_view kind, std::string_view name) {
    if (auto ok = end_section(); !ok) return ok;
    in_backend_ = kind == "backend";
    if (kind == "global") return {};
    if (kind != "defaults" && kind != "frontend" && kind != "backend")
      return broken(number_, "no section that switchyard writes: " + printable(kind));
    if (name.empty()) return broken(number_, "a section without a name");
    const auto whole = std::string(kind) + " " + std::string(name);
    if (!sections_.insert(whole).second) return broken(number_, whole + " is there twice");
    return {};
  }

  status server(std::string_view rest) {
    if (!in_backend_) return broken(number_, "a server outside of a backend");
    const auto name = take_word(rest);
    if (const auto place = parse_server_address(take_word(rest)); !place)
      return broken(number_, place.error().message);
    servers_.push_back({name, number_});
    return {};
  }

  status end_section() {
    const auto order = [](const named_server& a, const named_server& b) { return a.name < b.name; };
    if (!std::ranges::is_sorted(servers_, order)) std::ranges::stable_sort(servers_, order);
    const auto twice = std::ranges::adjacent_find(servers_, {}, &named_server::name);
    if (twice != servers_.end())
      return broken(std::next(twice)->line, "server " + printable(twice->name) + " is there twice");
    servers_.clear();
    return {};
  }

  std::size_t number_ = 0;
  bool in_backend_ = false;
  std::unordered_set<std::string> sections_;
  std::vector<named_server> servers_;  // of the section at hand; views of the text
};

}  // namespace

status check_invariants(std::string_view text) {
  return inspector().inspect(text);
}

}  // namespace switchyard::haproxy
