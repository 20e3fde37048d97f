#pragma once

#include <string_view>

namespace switchyard::actors {

/// What made the writer work.
enum class pass_kind {
  changes,    ///< a part of the desired state had changed
  reconcile,  ///< everything was compared
  later       ///< something was due: reading back, a drain, a save, a reload that had to wait
};

/// As the status and logs name it.
constexpr std::string_view to_string(pass_kind kind) {
  switch (kind) {
    case pass_kind::changes:
      return "changes";
    case pass_kind::reconcile:
      return "reconcile";
    case pass_kind::later:
      return "later";
  }
  return "";
}

}  // namespace switchyard::actors
