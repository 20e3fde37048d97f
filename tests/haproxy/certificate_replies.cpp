#include "tests/haproxy/certificate_replies.hpp"

#include <array>
#include <boost/test/unit_test.hpp>

#include "haproxy/certificate_store.hpp"
#include "tests/support/tls.hpp"

namespace switchyard::tests {

namespace {

using haproxy::certificate_store;
using haproxy::certificate_verdict;
using haproxy::conversation;

// Whole as PEM, and no certificate.
constexpr const char* broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

std::string words(const base::outcome<certificate_verdict>& verdict) {
  constexpr std::array<const char*, 5> kinds{"taken", "same", "bad", "by a reload", "unread"};
  BOOST_REQUIRE(bool(verdict));
  return kinds.at(static_cast<std::size_t>(verdict->what));
}

void ask_what_is_loaded(reply_asker& a) {
  a.converse("certificates: all", [](conversation& c) {
    const auto all = certificate_store(c).list();
    BOOST_REQUIRE(bool(all));
    return std::to_string(all->names.size()) + " names";
  });
  const auto look_at = [&](const std::string& title, const std::string& folder) {
    a.converse(title, [&](conversation& c) -> std::string {
      const auto names = certificate_store(c).folder(folder);
      BOOST_REQUIRE(bool(names));
      return *names ? std::to_string((*names)->size()) + " names" : "no such folder";
    });
  };
  look_at("certificates: of a folder", a.certificates());
  look_at("certificates: of a folder that is not loaded", "/nowhere");
}

void ask_of_replaced(reply_asker& a) {
  const auto name = a.certificates() + "/a.pem";
  const auto another = self_signed("a.test").pem();
  const auto known = certificate_store::text_is::another;
  const auto replace = [&](const std::string& title, const std::string& which,
                           const std::string& pem) {
    a.converse("replaced: " + title, [&](conversation& c) {
      return words(certificate_store(c).replace(which, pem, known));
    });
  };
  replace("by another one", name, another);
  a.converse("compared: with the same",
             [&](conversation& c) { return words(certificate_store(c).compare(name, another)); });
  replace("by what is none", name, broken);
  replace("one that is not loaded", "/nowhere.pem", another);
  const auto ask = [&](const std::string& title, const std::string& command) {
    a.converse(title, [&](conversation& c) {
      BOOST_REQUIRE(bool(c.execute_raw(command)));
      return std::string("not read");
    });
  };
  ask("committed: without a transaction", "commit ssl cert " + name);
  ask("given up: without a transaction", "abort ssl cert " + name);
  ask("shown: one that is not loaded", "show ssl cert /nowhere.pem");
}

void ask_of_added_and_removed(reply_asker& a) {
  const auto pem = self_signed("b.test").pem();
  const auto in_folder = [&](const std::string& name) { return a.certificates() + "/" + name; };
  const auto add = [&](const std::string& title, const std::string& folder, const std::string& name,
                       const std::string& text) {
    a.converse("added: " + title, [&](conversation& c) {
      return words(certificate_store(c).add(folder, name, text));
    });
  };
  add("a new one", a.certificates(), in_folder("b.pem"), pem);
  add("one that is there", a.certificates(), in_folder("b.pem"), pem);
  add("what is none", a.certificates(), in_folder("c.pem"), broken);
  add("to a folder that is not loaded", "/nowhere", "/nowhere/b.pem", pem);
  const auto remove = [&](const std::string& title, const std::string& name) {
    a.converse("removed: " + title, [&](conversation& c) {
      return words(certificate_store(c).remove(a.certificates(), in_folder(name)));
    });
  };
  remove("one of the folder", "b.pem");
  remove("the same again", "b.pem");
  remove("one that another bind has as well", "kept.pem");
}

}  // namespace

void ask_of_certificates(reply_asker& a) {
  ask_what_is_loaded(a);
  ask_of_replaced(a);
  ask_of_added_and_removed(a);
}

}  // namespace switchyard::tests
