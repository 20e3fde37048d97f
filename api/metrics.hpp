#pragma once

// The figures that Prometheus reads, around one prometheus-cpp registry.
//
// docs/metrics.md says what each one means. Labels never hold names of backends or servers: their
// number would grow with the installation. Threading: any thread; a call costs about a microsecond
// and waits for nothing but another call's. Durations go out as seconds.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace switchyard::api {

/// What the running HAProxy has, read at the time of a scrape.
struct haproxy_figures {
  std::string version;
  std::map<std::string, std::uint64_t> servers;   ///< by state: "up", "down", "maint" …
  std::map<std::string, std::uint64_t> backends;  ///< likewise
};

/// What the guard holds of one provider.
struct held_figures {
  std::size_t holds = 0;    ///< removals that wait for a decision
  std::size_t servers = 0;  ///< that stay, also by those that were rejected
};

/// What is asked at the time of a scrape. Each may take as long as a scrape may.
struct scraped {
  /// Nothing when HAProxy does not answer.
  std::function<std::optional<haproxy_figures>()> haproxy;
  /// Nothing when there is no master to ask, or it does not answer.
  std::function<std::optional<std::uint64_t>()> old_workers;
  /// By provider; those of which nothing is held are left out. Nothing when nobody can tell.
  std::function<std::optional<std::map<std::string, held_figures>>()> holds{};
};

enum class pass { apply, reconcile, tick };
enum class command_result {
  done,     ///< HAProxy confirmed it
  refused,  ///< HAProxy refused it
  lost      ///< the conversation broke: nobody knows
};

enum class provider_figure {
  refused,      ///< objects that are not taken
  objects,      ///< backends, servers and routes that the source has
  max_objects,  ///< and may have
  collisions,   ///< backends, servers or routes that another provider names, too
  waiting       ///< reports that wait for the manager
};

class metrics {
 public:
  using nanoseconds = std::chrono::nanoseconds;
  using clock = std::chrono::steady_clock;

  explicit metrics(const std::string& version);
  ~metrics();
  metrics(const metrics&) = delete;
  metrics& operator=(const metrics&) = delete;

  /// Asked at each scrape from now on.
  void ask(scraped sources);

  // -- changes
  /// A report of a provider is in HAProxy, so long after its source told of it. Nothing is kept of
  /// a provider that is not known, or gone.
  void propagated(std::string_view provider, nanoseconds took);
  /// A report is waiting for the writer, or does not any more.
  void queued(std::size_t backends);
  void desired(std::uint64_t revision, std::size_t backends, std::size_t routes);
  void applied(std::uint64_t revision);

  // -- what the writer does
  void passed(pass what, nanoseconds took);
  /// `kind` as command_kind's to_string() names it; a count of 0 makes the series known.
  void commanded(std::string_view kind, command_result result, std::uint64_t count);
  void repaired(std::string_view kind, std::uint64_t count);
  void reloaded(bool succeeded, nanoseconds took);
  /// One of a reload's reasons; a count of 0 makes the series known.
  void reload_reason(std::string_view reason, bool succeeded, std::uint64_t count);
  /// So many reasons wait for a reload.
  void reload_waits(std::size_t reasons);
  /// A managed HAProxy that had ended runs again.
  void haproxy_restarted();
  /// HAProxy answers the writer.
  void reachable(bool yes);

  // -- providers: nothing is kept of one that is not known, or gone
  void provider_known(std::string_view provider, std::string_view type);
  void provider_gone(std::string_view provider);
  void provider_up(std::string_view provider, bool up);
  /// A full view was read, whether or not it brought anything new.
  void snapshot(std::string_view provider, clock::time_point when);
  /// How long ago each provider read its full view; without those that never did.
  std::map<std::string, std::chrono::seconds> snapshot_ages(clock::time_point now) const;
  void provider_has(std::string_view provider, provider_figure what, std::size_t count);

  // -- the process
  void restarted(std::string_view actor);
  void logged(std::string_view level);
  void listeners(std::size_t event_streams);

  /// Prometheus' text format 0.0.4, as of now.
  std::string text() const;
  static constexpr const char* content_type = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct families;
  std::unique_ptr<families> families_;
};

}  // namespace switchyard::api
