#pragma once

// One row as JSON, turned into the objects of the document: columns and options side by side.
//
// NULL columns are left out, so that the defaults apply. A key that both a column and the options
// give is a problem: nobody could say which one counts. Pure.

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "model/json_reader.hpp"

namespace switchyard::providers::postgres {

class row_object {
 public:
  /// Reads what row_to_json gave. Text that is no strict JSON is a problem (duplicate keys in an
  /// options column of type json, for example).
  static row_object parse(const std::string& text, model::problems& sink);

  /// Gives a column its value as PostgreSQL writes it: a boolean is "t" or "f", options are JSON.
  void set(std::string_view name, const std::string& value, model::problems& sink);

  /// The object that model::decode_server takes. A host name instead of an address is a problem.
  nlohmann::json server(model::problems& sink) const;
  /// The object that model::decode_settings takes.
  nlohmann::json settings(std::string_view options, model::problems& sink) const;
  /// The object that model::decode_route takes.
  nlohmann::json route() const;

  /// What is wrong with the columns of an operator's query, "" when nothing is.
  std::string query_fault() const;

 private:
  const nlohmann::json* column(std::string_view name) const;
  void copy(nlohmann::json& target, std::initializer_list<std::string_view> columns) const;
  void merge(nlohmann::json& target, std::string_view options, model::problems& sink) const;

  nlohmann::json columns_ = nlohmann::json::object();
};

/// "port: must be …; check/path: must be …", in the words of the columns.
std::string reason_of(const model::problems& found);

}  // namespace switchyard::providers::postgres
