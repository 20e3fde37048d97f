#include "config/changes.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace switchyard::config {

namespace {

class list {
 public:
  void add(std::string_view what, std::string_view happened) {
    text_.append(text_.empty() ? "" : ", ").append(what).append(" ").append(happened);
  }
  template <class Value>
  void compare(std::string_view name, const Value& before, const Value& after) {
    if (!(before == after)) add(name, "changed");
  }
  /// Entries that have names; `kind` is one of them.
  template <class Entry>
  void compare_each(const std::string& kind, const std::vector<Entry>& before,
                    const std::vector<Entry>& after) {
    if (before == after) return;
    const auto known = text_.size();
    for (const auto& entry : after) {
      const auto old = std::ranges::find(before, entry.name, &Entry::name);
      if (old == before.end())
        add(kind + " " + entry.name, "added");
      else
        compare(kind + " " + entry.name, *old, entry);
    }
    for (const auto& entry : before)
      if (std::ranges::find(after, entry.name, &Entry::name) == after.end())
        add(kind + " " + entry.name, "removed");
    if (text_.size() == known) add("order of " + kind + "s", "changed");
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace

std::string changes(const settings& before, const settings& after) {
  list found;
  found.compare_each("provider", before.providers, after.providers);
  found.compare_each("frontend", before.frontends, after.frontends);
  found.compare("haproxy", before.haproxy, after.haproxy);
  found.compare("merge", before.merge, after.merge);
  found.compare("reconcile", before.reconcile, after.reconcile);
  found.compare("event_buffer", before.event_buffer, after.event_buffer);
  found.compare("guard", before.guard, after.guard);
  found.compare("drain_timeout", before.drain_timeout, after.drain_timeout);
  found.compare("resolver", before.resolver, after.resolver);
  found.compare("api", before.api, after.api);
  found.compare("log", before.log, after.log);
  found.compare("state_dir", before.state_dir, after.state_dir);
  return found.take();
}

}  // namespace switchyard::config
