#pragma once

// The part of the table of replies that is about certificates.

#include "tests/haproxy/reply_asker.hpp"

namespace switchyard::tests {

/// Every command by which certificates are looked at, replaced, added and removed, with what
/// HAProxy does and what it refuses.
void ask_of_certificates(reply_asker& a);

}  // namespace switchyard::tests
