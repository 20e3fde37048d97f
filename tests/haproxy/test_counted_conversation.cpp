#include "haproxy/counted_conversation.hpp"

#include <boost/test/unit_test.hpp>

namespace switchyard::haproxy {

namespace {

/// Gives the verdicts that the test wants, in order.
class scripted final : public conversation {
 public:
  explicit scripted(std::vector<base::status> verdicts) : verdicts_(std::move(verdicts)) {}
  explicit scripted(std::string reply) : reply_(std::move(reply)) {}
  explicit scripted(base::error failure) : failure_(std::move(failure)) {}
  base::outcome<std::string> execute_raw(std::string_view) override { return answer(); }
  base::outcome<std::string> execute_payload(std::string_view, std::string_view) override {
    return answer();
  }
  std::vector<base::status> execute(std::span<const command>) override { return verdicts_; }
  int fd() const override { return -1; }
  bool broken() const override { return false; }

 private:
  base::outcome<std::string> answer() const {
    if (failure_) return *failure_;
    return reply_;
  }

  std::vector<base::status> verdicts_;
  std::string reply_;
  std::optional<base::error> failure_;
};

/// What is counted of one command with this reply.
template <class Reply>
command_tally counted_of(std::string_view command, const Reply& reply) {
  command_tally tally;
  counted_conversation talk(std::make_unique<scripted>(reply), tally);
  const auto said = command.starts_with("set ssl") ? talk.execute_payload(command, "a certificate")
                                                   : talk.execute_raw(command);
  BOOST_TEST(static_cast<bool>(said) == (std::is_same_v<Reply, std::string>));
  return tally;
}

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
  BOOST_TEST((tally == command_tally{{"add server", {1, 1, 0}}, {"set server weight", {0, 0, 2}}}));
}

BOOST_AUTO_TEST_CASE(questions_are_none) {
  for (const auto* question : {"show info", "show ssl cert", "show ssl crt-list -n /c", "set ssl",
                               "set ssl certificate x", "prepare map /m"})
    BOOST_TEST(counted_of(question, std::string("words")).empty(), question);
}

BOOST_AUTO_TEST_CASE(commands_for_certificates_by_haproxys_reply) {
  // As 2.6 and 3.4 say it.
  const std::vector<std::pair<std::string, std::string>> confirmed{
      {"new ssl cert", "New empty certificate store '/c/b.pem'!"},
      {"set ssl cert", "Transaction created for certificate /c/b.pem!"},
      {"set ssl cert", "Transaction updated for certificate /c/b.pem!"},
      {"commit ssl cert", "Committing /c/b.pem\nSuccess!"},
      {"abort ssl cert", "Transaction aborted for certificate '/c/b.pem'!"},
      {"del ssl cert", "Certificate '/c/b.pem' deleted!"},
      {"add ssl crt-list", "Inserting certificate '/c/b.pem' in crt-list '/c'.\nSuccess!"},
      {"del ssl crt-list", "Entry '/c/b.pem' deleted in crtlist '/c'!"}};
  for (const auto& [name, reply] : confirmed) {
    const auto one = [&](command_results r) { return command_tally{{name, r}}; };
    const auto line = name + " /c/b.pem";
    BOOST_TEST((counted_of(line, reply) == one({1, 0, 0})), reply);
    BOOST_TEST((counted_of(line, std::string("No such certificate")) == one({0, 1, 0})), name);
    BOOST_TEST((counted_of(line, base::error{base::errc::timeout, "late"}) == one({0, 0, 1})));
    BOOST_TEST(counted_of(line, base::error{base::errc::invalid, "not sent"}).empty());
  }
}

BOOST_AUTO_TEST_CASE(what_was_done_since) {
  const command_tally before{{"add server", {2, 5, 0}}};
  const command_tally now{{"add server", {2, 6, 0}}, {"set server weight", {3, 0, 0}}};
  BOOST_TEST((done_since(before, now) ==
              std::map<std::string_view, std::uint64_t>{{"set server weight", 3}}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::haproxy
