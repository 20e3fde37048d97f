#pragma once

// One row as JSON, turned into the objects of the document: columns and options side by side.
//
// NULL columns are left out, so that the defaults apply. A key that both a column and the options
// give is a problem: nobody could say which one counts. Pure.

#include <functional>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "model/json_reader.hpp"

namespace switchyard::providers::postgres {

class row_object {
 public:
  /// `depth`: of objects and lists in one another in one column, at most.
  explicit row_object(std::size_t depth) : depth_(depth) {}

  /// Reads what row_to_json gave. Text that is no JSON object is a problem. A value that is no
  /// strict JSON (duplicate keys in a column of type json, a number past all bounds, nested too
  /// deep) is one where its column is used, and only there: other columns are the operator's
  /// business.
  static row_object parse(const std::string& text, std::size_t depth, model::problems& sink);

  /// Gives a column its value as to_json writes it. A value that is no strict JSON is a problem
  /// where the column is used, as with parse().
  void set(std::string_view name, std::string_view value);

  /// The object that model::decode_server takes.
  nlohmann::json server(model::problems& sink) const;
  /// The object that model::decode_settings takes.
  nlohmann::json settings(std::string_view options, model::problems& sink) const;
  /// The object that model::decode_route takes.
  nlohmann::json route(model::problems& sink) const;

  /// What is wrong with the columns of an operator's query, "" when nothing is.
  std::string query_fault() const;

 private:
  const nlohmann::json* column(std::string_view name, model::problems& sink) const;
  void copy(nlohmann::json& target, std::initializer_list<std::string_view> columns,
            model::problems& sink) const;
  void merge(nlohmann::json& target, std::string_view options, model::problems& sink) const;

  std::size_t depth_;
  nlohmann::json columns_ = nlohmann::json::object();
  std::map<std::string, std::string, std::less<>> spoiled_;  // column → why it cannot be read
};

/// "port: must be …; check/path: must be …", in the words of the columns.
std::string reason_of(const model::problems& found);

}  // namespace switchyard::providers::postgres
