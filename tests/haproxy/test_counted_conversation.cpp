#include "haproxy/counted_conversation.hpp"

#include <boost/test/unit_test.hpp>

namespace switchyard::haproxy {

namespace {

/// Gives the verdicts that the test wants, in order.
class scripted final : public conversation {
 public:
  explicit scripted(std::vector<base::status> verdicts) : verdicts_(std::move(verdicts)) {}
  base::outcome<std::string> execute_raw(std::string_view) override { return std::string(); }
  base::outcome<std::string> execute_payload(std::string_view, std::string_view) override {
    return std::string();
  }
  std::vector<base::status> execute(std::span<const command>) override { return verdicts_; }
  int fd() const override { return -1; }
  bool broken() const override { return false; }

 private:
  std::vector<base::status> verdicts_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(counted)

BOOST_AUTO_TEST_CASE(commands_by_kind_and_by_what_became_of_them) {
  const std::vector<command> commands{{command_kind::add_server, "a"},
                                      {command_kind::add_server, "b"},
                                      {command_kind::set_weight, "c"},
                                      {command_kind::set_weight, "d"}};
  command_tally tally;
  counted_conversation talk(std::make_unique<scripted>(std::vector<base::status>{
                                {},
                                base::error{base::errc::refused, "no"},
                                base::error{base::errc::timeout, "late"},
                                base::error{base::errc::unavailable, "gone"}}),
                            tally);
  BOOST_TEST(talk.execute(commands).size() == 4U);
  BOOST_TEST((tally == command_tally{{command_kind::add_server, {1, 1, 0}},
                                     {command_kind::set_weight, {0, 0, 2}}}));
}

BOOST_AUTO_TEST_CASE(questions_are_none) {
  command_tally tally;
  counted_conversation talk(std::make_unique<scripted>(std::vector<base::status>{}), tally);
  BOOST_TEST(static_cast<bool>(talk.execute_raw("show info")));
  BOOST_TEST(tally.empty());
}

BOOST_AUTO_TEST_CASE(what_was_done_since) {
  const command_tally before{{command_kind::add_server, {2, 5, 0}}};
  const command_tally now{{command_kind::add_server, {2, 6, 0}},
                          {command_kind::set_weight, {3, 0, 0}}};
  BOOST_TEST((done_since(before, now) ==
              std::map<command_kind, std::uint64_t>{{command_kind::set_weight, 3}}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::haproxy
