#pragma once

// The certificates of a running HAProxy, as its runtime API shows and changes them (management
// guide, "set ssl cert" and its neighbours; replies measured on 2.6, 3.0, 3.2 and 3.4).
//
// HAProxy has one transaction for all conversations: `set ssl cert` opens it, `commit ssl cert` or
// `abort ssl cert` ends it. Each function leaves none open, unless the conversation breaks.
// Threading: one thread (the writer's). An outcome's error is the end of the conversation.

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/outcome.hpp"
#include "haproxy/conversation.hpp"

namespace switchyard::haproxy {

/// `show ssl cert`.
struct loaded_certificates {
  std::set<std::string> names;  ///< paths
  std::string transaction;      ///< the certificate that the open transaction is about; "": none

  bool operator==(const loaded_certificates&) const = default;
};
/// Nothing for an HAProxy that knows no TLS.
loaded_certificates parse_certificates(std::string_view reply);

/// `show ssl crt-list -n FOLDER`: the paths in it. Nothing: HAProxy has loaded no such folder.
std::optional<std::set<std::string>> parse_folder(std::string_view reply);

/// What HAProxy made of a certificate.
struct certificate_verdict {
  enum class kind {
    taken,      ///< it is served from now on, or in case of a removal is not any more
    same,       ///< HAProxy has just this one
    bad,        ///< HAProxy does not take this text, and would not start with it
    by_reload,  ///< the runtime API cannot do it
    unread      ///< the file could not be read; nothing was said to HAProxy
  };
  kind what = kind::taken;
  std::string text;      ///< HAProxy's words when it was not taken; when taken "valid until …"
  bool expired = false;  ///< that moment has passed

  bool operator==(const certificate_verdict&) const = default;
};

class certificate_store {
 public:
  explicit certificate_store(conversation& session) : session_(session) {}

  base::outcome<loaded_certificates> list();
  base::outcome<std::optional<std::set<std::string>>> folder(const std::string& path);

  /// What is known of a text, and of the one that HAProxy took last under this name.
  enum class text_is { the_same, another, unknown };

  /// Puts a certificate in the place of one that HAProxy has loaded. `pem` is what
  /// read_certificate() gives. What HAProxy shows afterwards is compared with what it read from it.
  /// `same`: the text is the same and HAProxy shows no other certificate; or it is unknown, and
  /// HAProxy showed no other one before it took it. What HAProxy shows does not tell all: not the
  /// serials of the chain, nor DH parameters.
  base::outcome<certificate_verdict> replace(const std::string& name, std::string_view pem,
                                             text_is known);
  /// Changes nothing: `same`, or `by_reload` when HAProxy has another one.
  base::outcome<certificate_verdict> compare(const std::string& name, std::string_view pem);
  /// Adds one to a folder that HAProxy has loaded.
  base::outcome<certificate_verdict> add(const std::string& folder, const std::string& name,
                                         std::string_view pem);
  /// Takes one out of a folder.
  base::outcome<certificate_verdict> remove(const std::string& folder, const std::string& name);
  /// Ends the open transaction.
  base::status abort(const std::string& name);

 private:
  struct prepared {
    certificate_verdict verdict;  ///< `taken`: a transaction is open
    std::string wanted;           ///< what HAProxy will show once it is committed
    std::string before;           ///< what it shows now

    bool looks_the_same() const { return !wanted.empty() && wanted == before; }
  };
  base::outcome<prepared> prepare(const std::string& name, std::string_view pem);
  base::outcome<certificate_verdict> set(const std::string& name, std::string_view pem);
  base::outcome<certificate_verdict> commit(const std::string& name);
  base::outcome<std::string> details(const std::string& name);
  base::outcome<certificate_verdict> give_up(const std::string& name, certificate_verdict why);

  conversation& session_;
};

}  // namespace switchyard::haproxy
