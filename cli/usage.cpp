#include "cli/usage.hpp"

#include <algorithm>

namespace switchyard::cli {

namespace {

constexpr std::size_t most_wrong_letters = 2;

/// Optimal string alignment.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t wrong = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + wrong});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

}  // namespace

std::string closest(std::string_view word, const std::vector<std::string>& names) {
  std::string best;
  // A short word is not made of wrong letters alone.
  auto least = std::min(most_wrong_letters, word.size() / 2) + 1;
  for (const auto& name : names)
    if (const auto wrong = distance(word, name); wrong < least) {
      least = wrong;
      best = name;
    }
  return best;
}

std::string no_such_command(std::string_view word, const std::vector<std::string>& names) {
  const auto meant = closest(word, names);
  std::string text = "there is no command " + std::string(word);
  if (!meant.empty()) text += "; did you mean " + meant + "?";
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return text + (meant.empty() ? "; the" : " The") + " commands are " + list;
}

}  // namespace switchyard::cli
