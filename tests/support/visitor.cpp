#include "tests/support/visitor.hpp"

namespace switchyard::tests {

std::string visitor::served_by() {
  const auto fields = cookie_.empty() ? "" : "Cookie: " + cookie_ + "\r\n";
  const auto answer = http_get(port_, "/", "test", std::chrono::seconds(5), fields);
  for (const auto& cookie : cookies_in(answer.head)) cookie_ = cookie.substr(0, cookie.find(';'));
  return name_in(answer);
}

visitors visitors_of(std::uint16_t port, std::size_t servers) {
  visitors all;
  for (std::size_t i = 0; i < 8 * servers && all.size() < servers; ++i) {
    visitor fresh(port);
    const auto name = fresh.served_by();
    all.emplace(name, fresh);
  }
  return all;
}

std::vector<std::string> lost_ones(visitors& all) {
  std::vector<std::string> lost;
  for (auto& [name, client] : all) {
    const auto before = client.cookie();
    for (int i = 0; i < 3; ++i)
      if (const auto by = client.served_by(); by != name || client.cookie() != before)
        lost.push_back(name + " with " + before + " met " + by + " and has " + client.cookie());
  }
  return lost;
}

}  // namespace switchyard::tests
