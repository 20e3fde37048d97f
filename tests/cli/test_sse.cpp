#include "cli/sse.hpp"

#include <boost/test/unit_test.hpp>

namespace switchyard::cli {

BOOST_AUTO_TEST_SUITE(server_sent_events)

BOOST_AUTO_TEST_CASE(an_event_is_whole_at_its_empty_line_wherever_the_bytes_are_cut) {
  const std::string stream =
      ": beat\n\nid: r-7\nevent: server\ndata: {\"a\":\ndata: 1}\n\ndata: x\r\n\r\n";
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    sse_parser parser;
    auto events = parser.feed(stream.substr(0, cut));
    for (auto& event : parser.feed(stream.substr(cut))) events.push_back(event);
    BOOST_REQUIRE(events.size() == 2U);
    BOOST_TEST((events[0] == sse_event{"r-7", "server", "{\"a\":\n1}"}));
    BOOST_TEST((events[1] == sse_event{"r-7", "message", "x"}));
  }
}

BOOST_AUTO_TEST_CASE(another_stream_begins_with_nothing_but_the_last_id) {
  sse_parser parser;
  BOOST_TEST(parser.feed("id: r-1\ndata: a\n\nid: r-2\ndata: half").size() == 1U);
  parser.forget_partial();
  // The event of r-2 never came.
  BOOST_TEST(parser.last_id() == "r-1");
  const auto events = parser.feed("data: b\n\n");
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events.front().data == "b");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::cli
