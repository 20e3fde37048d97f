// A preview predicts exactly what the apply after it does, over random series of changes.
//
// RC_PARAMS="seed=…" runs a series again (rapidcheck prints the seed), "max_success=200" more of
// them.

#include <rapidcheck.h>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <ostream>

#include "haproxy/preview.hpp"
#include "tests/haproxy/gateway_sites.hpp"
#include "tests/haproxy/random_changes.hpp"
#include "tests/haproxy/recorder.hpp"

namespace rc {

template <>
struct Arbitrary<switchyard::tests::random_change> {
  static Gen<switchyard::tests::random_change> arbitrary() {
    using switchyard::tests::random_change;
    // Ranges would grow with the size, and some kinds hardly ever come.
    const auto below = [](unsigned end) {
      return gen::resize(kNominalSize, gen::inRange(0U, end));
    };
    const auto any = below(1000);
    return gen::build<random_change>(
        gen::set(&random_change::what,
                 gen::map(below(random_change::kinds),
                          [](unsigned n) { return static_cast<random_change::kind>(n); })),
        gen::set(&random_change::backend, any), gen::set(&random_change::server, any),
        gen::set(&random_change::value, any));
  }
};

}  // namespace rc

namespace switchyard::tests {

namespace {

using haproxy::rehearsed;

constexpr int changes_together = 3;
// Far more than anything waits for here.
constexpr std::chrono::seconds everything_done{30};

/// What one apply came to, with all that followed.
struct outcome_of_apply {
  deeds done;
  std::vector<haproxy::reload_reason> reasons;
  std::vector<haproxy::file_change> files;

  bool operator==(const outcome_of_apply&) const = default;
};

std::ostream& operator<<(std::ostream& out, const outcome_of_apply& o) {
  for (const auto& d : o.done)
    out << (d.what == rehearsed::deed::command ? "\n  " + d.line : std::string("\n  (reload)"));
  for (const auto& r : o.reasons) out << "\n  because " << to_string(r.cause) << " " << r.subject;
  for (const auto& f : o.files) {
    out << "\n  file " << f.path;
    for (const auto& s : f.sections) {
      for (const auto& line : s.removed) out << "\n    " << s.section << " - " << line;
      for (const auto& line : s.added) out << "\n    " << s.section << " + " << line;
    }
  }
  return out;
}

class observed_site {
 public:
  observed_site() {
    site_.begin(state_.backends());
    state_.changes();
    settle();
  }

  void make(const random_change& change) { state_.make(change); }

  outcome_of_apply predicted() const {
    const auto found = haproxy::preview_of(site_.settings, state_.whole());
    if (!found) RC_FAIL(found.error().message);
    outcome_of_apply o;
    for (const auto& step : found->steps) {
      const auto what = step.what == haproxy::preview_step::deed::command ? rehearsed::deed::command
                        : step.what == haproxy::preview_step::deed::reload ? rehearsed::deed::reload
                                                                           : rehearsed::deed::start;
      o.done.push_back({what, step.command});
    }
    o.reasons = found->reload_reasons();
    o.files = found->files;
    return o;
  }

  outcome_of_apply applied() {
    notes_->clear();
    reasons_.clear();
    const auto config = site_.file();
    const auto map = read_text(map_file());
    // The last reload was by the real clock: the next one need not wait for it.
    site_.now = std::max(site_.now, std::chrono::steady_clock::now());
    note(site_.apply(state_.changes()));
    settle();
    outcome_of_apply o{*notes_, reasons_, {}};
    o.reasons.insert(o.reasons.end(), waiting_.begin(), waiting_.end());
    if (config != site_.file())
      o.files.push_back({site_.settings.haproxy.config_file,
                         haproxy::configuration_changes(config, site_.file())});
    if (map != read_text(map_file()))
      o.files.push_back({map_file(), haproxy::line_changes(map, read_text(map_file()))});
    return o;
  }

 private:
  std::string map_file() const { return haproxy::map_beside(site_.settings.haproxy.config_file); }
  void note(const haproxy::apply_report& report) {
    if (report.reload)
      reasons_.insert(reasons_.end(), report.reload_reasons.begin(), report.reload_reasons.end());
    waiting_ = report.waiting;
  }
  /// By a clock that runs ahead.
  void settle() {
    auto& gateway = site_.gateway();
    const auto end = site_.now + everything_done;
    while (gateway.next_work() && *gateway.next_work() <= end) {
      site_.now = std::max(site_.now, *gateway.next_work());
      note(site_.tick());
    }
  }

  http_upstream one_{"one"}, two_{"two"};
  std::shared_ptr<deeds> notes_ = std::make_shared<deeds>();
  gateway_site site_{{.outside = [notes = notes_](const config::haproxy_settings& s) {
    return std::make_unique<recorder>(s, notes);
  }}};
  random_state state_{{one_.port(), two_.port()}};
  std::vector<haproxy::reload_reason> reasons_, waiting_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(preview_property)

BOOST_AUTO_TEST_CASE(an_apply_does_what_the_preview_said) {
  ::setenv("RC_PARAMS", "max_success=10 max_size=20", 0);
  std::size_t commands = 0;
  std::size_t reloads = 0;
  const bool held = rc::check("preview, then apply", [&] {
    const auto groups = *rc::gen::container<std::vector<std::vector<random_change>>>(
        rc::gen::container<std::vector<random_change>>(changes_together,
                                                       rc::gen::arbitrary<random_change>()));
    observed_site site;
    for (const auto& group : groups) {
      for (const auto& change : group) site.make(change);
      const auto predicted = site.predicted();
      const auto applied = site.applied();
      for (const auto& deed : applied.done)
        ++(deed.what == rehearsed::deed::reload ? reloads : commands);
      RC_ASSERT(predicted == applied);
    }
  });
  BOOST_TEST(held);
  BOOST_TEST_MESSAGE(commands << " commands and " << reloads << " reloads predicted");
  BOOST_TEST(commands > 20U);
  BOOST_TEST(reloads > 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
