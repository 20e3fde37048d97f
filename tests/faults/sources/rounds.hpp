#pragma once

// The same scenario with a source at many places at once: at each of them a provider of its own
// follows the source through a proxy of its own that breaks there.
//
// A source gives
//   port(): where it listens;
//   settings_of(port): how a provider reaches it through that port;
//   reader(port): a provider that is not started, likewise;
//   change(n): the source has the value n from now on; it begins with 1;
//   shows(provider, n): the provider has reported that;
//   whole(state): this state has everything that is served.

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/desired_state.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace switchyard::tests {

/// Where to break: after each `step` bytes of what that side says.
struct places {
  tcp_proxy::speaker who;
  tcp_proxy::fault what;
  std::size_t step;  ///< 0: as many as go into one round, over all that is said
};

/// Every report of the provider left what is served whole.
template <class Source, class Followed>
void lost_nothing(const Source& source, const Followed& provider) {
  model::desired_state state({Source::provider_name});
  for (const auto& report : provider.reports()) {
    state.fold(Source::provider_name, report);
    BOOST_TEST(source.whole(state));
  }
}

template <class Source, class Followed>
class rounds {
 public:
  explicit rounds(Source& source) : source_(source) {
    for (std::size_t i = 0; i < at_once; ++i)
      lanes_.push_back(std::make_unique<lane>(source.port()));
  }

  /// At each place: what was served stays, and a change that is made meanwhile arrives. Returns at
  /// how many the fault has struck.
  std::size_t survived(const places& where) {
    const auto length = length_of(where.who);
    const auto step = where.step != 0 ? where.step : length / at_once + 1;
    std::size_t struck = 0;
    for (std::size_t from = 0; from < length; from += step * at_once) {
      BOOST_TEST_INFO_SCOPE("from byte " << from << " of " << length);
      struck += round(where, from, step);
    }
    return struck;
  }

  /// How much that side says in the whole scenario without a fault.
  std::size_t length_of(tcp_proxy::speaker who) {
    auto& first = *lanes_.front();
    first.proxy.break_after(who, std::numeric_limits<std::size_t>::max(), tcp_proxy::fault::cut);
    first.provider = std::make_unique<Followed>(source_.settings_of(first.proxy.port()));
    BOOST_REQUIRE(eventually([&] { return source_.shows(*first.provider, value_); }));
    source_.change(++value_);
    BOOST_REQUIRE(eventually([&] { return source_.shows(*first.provider, value_); }));
    first.provider.reset();
    return first.proxy.said(who);
  }

 private:
  static constexpr std::size_t at_once = 12;

  struct lane {
    explicit lane(std::uint16_t port) : proxy(port) {}
    tcp_proxy proxy;
    std::unique_ptr<Followed> provider;
  };

  std::size_t round(const places& where, std::size_t from, std::size_t step) {
    for (std::size_t i = 0; i < at_once; ++i) {
      auto& at = *lanes_[i];
      at.proxy.break_after(where.who, from + i * step, where.what);
      at.provider = std::make_unique<Followed>(source_.settings_of(at.proxy.port()));
    }
    all_show();
    source_.change(++value_);
    all_show();
    std::size_t struck = 0;
    for (auto& at : lanes_) {
      if (at->proxy.struck()) ++struck;
      lost_nothing(source_, *at->provider);
      at->provider.reset();
    }
    return struck;
  }

  void all_show() const {
    for (const auto& at : lanes_)
      BOOST_REQUIRE_MESSAGE(
          eventually([&] { return source_.shows(*at->provider, value_); }),
          "the value " << value_ << " does not arrive: " << at->provider->health().reason);
  }

  Source& source_;
  std::vector<std::unique_ptr<lane>> lanes_;
  int value_ = 1;
};

/// After every `step` bytes of what the source says to a provider that reads it once: an error or
/// all of it, and nothing in between. Returns how often it was an error, of how many times.
template <class Source>
std::pair<std::size_t, std::size_t> errors_of_cut_reads(Source& source, std::size_t step,
                                                        std::size_t but_the_last = 0) {
  tcp_proxy proxy(source.port());
  auto reader = source.reader(proxy.port());
  BOOST_REQUIRE(reader.backends());
  const auto length = proxy.said(tcp_proxy::speaker::server);
  std::pair<std::size_t, std::size_t> counts;
  for (std::size_t at = 0; at + but_the_last < length; at += step) {
    proxy.break_after(tcp_proxy::speaker::server, at, tcp_proxy::fault::cut);
    auto got = reader.backends();
    ++counts.second;
    if (!got) {
      ++counts.first;
      continue;
    }
    model::desired_state state({Source::provider_name});
    state.fold(Source::provider_name, *got);
    BOOST_TEST(source.whole(state), "half an answer after " << at << " bytes of " << length);
  }
  return counts;
}

}  // namespace switchyard::tests
