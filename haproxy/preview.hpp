#pragma once

// What an apply would do, without doing it.
//
// The gateway itself runs, on a picture of HAProxy and on files in memory (haproxy/rehearsal.hpp),
// so that it decides by the same code; a clock of its own lets drains, saves and reloads that have
// to wait come to their end. Nothing of HAProxy, of its files or of a running switchyard changes.
// Threading: any thread, one at a time for each object; blocks while HAProxy is asked and
// `haproxy -c` checks what a reload would load.

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "haproxy/apply.hpp"
#include "haproxy/gateway.hpp"
#include "haproxy/text_changes.hpp"

namespace switchyard::haproxy {

/// One thing that would be done to HAProxy.
struct preview_step {
  enum class deed { command, reload, start };
  deed what = deed::command;
  std::string command;                 ///< as it would be sent
  std::string backend;                 ///< that a command is about; "" for the routes
  std::vector<reload_reason> reasons;  ///< of a reload
  std::chrono::milliseconds after{0};  ///< since the beginning, see preview::steps

  bool operator==(const preview_step&) const = default;
};

/// A file of ours that would change.
struct file_change {
  std::string path;
  std::vector<section_change> sections;

  bool operator==(const file_change&) const = default;
};

struct preview {
  bool reachable = true;  ///< HAProxy answered; else it takes from the file what it can, later
  /// In order. Connections that a server has now are taken to last until the drain timeout, so
  /// `after` is the latest moment of what waits for them.
  std::vector<preview_step> steps;
  std::vector<file_change> files;
  std::vector<reload_reason> waiting;  ///< of a reload that is wanted and cannot be made
  std::vector<notice> notices;         ///< warnings and errors: what would be refused, and why

  /// Whether anything would change.
  bool differs() const { return !steps.empty() || !files.empty() || !waiting.empty(); }
  /// The reasons of all reloads, those that cannot be made as well.
  std::vector<reload_reason> reload_reasons() const;
};

/// What gateway::apply() would do with this request, and what would follow from it. A switchyard
/// that runs is taken to have done what it had to do before. errc::conflict, errc::refused,
/// errc::not_found: as gateway::start(); errc::invalid: the rehearsal knows no answer to a question
/// of the gateway; errc::unavailable: `interrupt` was notified, which ends it soon; else why an
/// HAProxy that may be there cannot be read.
base::outcome<preview> preview_of(const gateway_settings& settings, const apply_request& request,
                                  const base::wakeup* interrupt = nullptr);

/// For programs: docs/plan.md describes it.
nlohmann::json to_json(const preview& value);
/// For people: what it comes to in the first line, then what is done by backend, and the files.
std::string to_text(const preview& value);

}  // namespace switchyard::haproxy
