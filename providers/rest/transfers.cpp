#include "providers/rest/transfers.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <climits>
#include <stdexcept>
#include <utility>

namespace switchyard::providers::rest {

namespace {

using base::errc;
using base::error;

constexpr std::size_t most_header_bytes = 256 << 10;

/// Once a process; libcurl undoes it at the end by itself.
void initialise() {
  static const CURLcode done = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  if (done != CURLE_OK)
    throw std::runtime_error(std::string("libcurl: ") + ::curl_easy_strerror(done));
}

std::optional<std::chrono::seconds> age_of(const std::string& last_modified,
                                           const std::string& date) {
  const auto changed = ::curl_getdate(last_modified.c_str(), nullptr);
  const auto answered = ::curl_getdate(date.c_str(), nullptr);
  if (changed < 0 || answered < 0) return {};
  return std::chrono::seconds(answered - changed);
}

errc kind_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return errc::timeout;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ISSUER_ERROR:
      return errc::refused;
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return errc::invalid;
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return errc::protocol;
    default:
      return errc::unavailable;
  }
}

}  // namespace

/// One request and what came of it so far. libcurl keeps pointers into it.
class transfers::transfer {
 public:
  transfer(std::size_t id, const request& what);

  CURL* handle() const { return easy_.get(); }
  std::size_t id() const { return id_; }
  base::outcome<answer> result(CURLcode code);

 private:
  struct easy_closer {
    void operator()(CURL* easy) const { ::curl_easy_cleanup(easy); }
  };
  struct list_closer {
    void operator()(curl_slist* list) const { ::curl_slist_free_all(list); }
  };

  static std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t take_head(char* bytes, std::size_t size, std::size_t count, void* self);

  template <class T>
  void set(CURLoption option, T value) {
    ::curl_easy_setopt(easy_.get(), option, value);
  }
  void set(CURLoption option, const std::optional<std::string>& value) {
    if (value) set(option, value->c_str());
  }
  void set_limits(const request& what);
  void set_identity(const request& what);
  void set_tls(const request& what);
  std::string header(const char* name) const;

  std::size_t id_;
  std::size_t max_bytes_;
  std::string body_;
  std::size_t head_bytes_ = 0;
  std::string too_large_;  // what broke a limit of ours
  std::array<char, CURL_ERROR_SIZE> words_{};
  std::unique_ptr<curl_slist, list_closer> fields_;
  std::unique_ptr<CURL, easy_closer> easy_;
};

transfers::transfer::transfer(std::size_t id, const request& what)
    : id_(id), max_bytes_(what.max_bytes), easy_(::curl_easy_init()) {
  if (!easy_) throw std::runtime_error("libcurl: no handle");
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_ERRORBUFFER, words_.data());
  set(CURLOPT_URL, what.url.c_str());
  set(CURLOPT_UNIX_SOCKET_PATH, what.socket);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  // "" keeps libcurl from looking into the environment.
  set(CURLOPT_PROXY, what.proxy.value_or("").c_str());
  set(CURLOPT_NOPROXY, "");
  set(CURLOPT_USERAGENT, "switchyard");
  set(CURLOPT_ACCEPT_ENCODING, "");  // all that this libcurl can unpack
  set(CURLOPT_WRITEFUNCTION, &transfer::take_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &transfer::take_head);
  set(CURLOPT_HEADERDATA, this);
  set_limits(what);
  set_identity(what);
  set_tls(what);
}

void transfers::transfer::set_limits(const request& what) {
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(what.connect_timeout.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(what.timeout.count()));
  set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(what.max_bytes));
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  // Giving up must not wait for a name server.
  set(CURLOPT_QUICK_EXIT, 1L);
}

void transfers::transfer::set_identity(const request& what) {
  for (const auto* list : {&what.fields, &what.who.fields})
    for (const auto& field : *list) {
      auto* longer = ::curl_slist_append(fields_.get(), field.c_str());
      if (longer == nullptr) throw std::bad_alloc();
      static_cast<void>(fields_.release());
      fields_.reset(longer);
    }
  set(CURLOPT_HTTPHEADER, fields_.get());
  if (!what.who.bearer.empty()) {
    set(CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    set(CURLOPT_XOAUTH2_BEARER, what.who.bearer.c_str());
  } else if (!what.who.user.empty()) {
    set(CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    set(CURLOPT_USERNAME, what.who.user.c_str());
    set(CURLOPT_PASSWORD, what.who.password.c_str());
  }
}

void transfers::transfer::set_tls(const request& what) {
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_CAINFO, what.ca_file);
  set(CURLOPT_SSLCERT, what.certificate_file);
  set(CURLOPT_SSLKEY, what.key_file ? what.key_file : what.certificate_file);
  set(CURLOPT_KEYPASSWD, "");  // else OpenSSL asks for it on the terminal
  // Files are read anew for each connection.
  set(CURLOPT_CA_CACHE_TIMEOUT, 0L);
}

std::size_t transfers::transfer::take_body(char* bytes, std::size_t size, std::size_t count,
                                           void* self) {
  auto& mine = *static_cast<transfer*>(self);
  const auto length = size * count;
  if (length > mine.max_bytes_ - mine.body_.size()) {
    mine.too_large_ = "the answer is larger than " + std::to_string(mine.max_bytes_) + " bytes";
    return 0;
  }
  mine.body_.append(bytes, length);
  return length;
}

std::size_t transfers::transfer::take_head(char* /*bytes*/, std::size_t size, std::size_t count,
                                           void* self) {
  auto& mine = *static_cast<transfer*>(self);
  mine.head_bytes_ += size * count;
  if (mine.head_bytes_ <= most_header_bytes) return size * count;
  mine.too_large_ = "the answer's head is larger than 256 KiB";
  return 0;
}

std::string transfers::transfer::header(const char* name) const {
  curl_header* found = nullptr;
  if (::curl_easy_header(easy_.get(), name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK) return {};
  return found->value;
}

base::outcome<answer> transfers::transfer::result(CURLcode code) {
  if (!too_large_.empty()) return error{errc::invalid, too_large_};
  if (code == CURLE_FILESIZE_EXCEEDED)
    return error{errc::invalid,
                 "the answer is larger than " + std::to_string(max_bytes_) + " bytes"};
  if (code != CURLE_OK)
    return error{kind_of(code), words_[0] != '\0' ? words_.data() : ::curl_easy_strerror(code)};
  answer got;
  ::curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &got.status);
  const char* redirect = nullptr;
  ::curl_easy_getinfo(easy_.get(), CURLINFO_REDIRECT_URL, &redirect);
  if (redirect != nullptr) got.redirect = redirect;
  curl_off_t seconds = 0;
  ::curl_easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &seconds);
  got.retry_after = std::chrono::seconds(seconds);
  got.body = std::move(body_);
  got.etag = header("ETag");
  got.last_modified = header("Last-Modified");
  got.age = age_of(got.last_modified, header("Date"));
  got.index = header("X-Consul-Index");
  got.content_type = header("Content-Type");
  return got;
}

void transfers::multi_closer::operator()(void* multi) const {
  ::curl_multi_cleanup(static_cast<CURLM*>(multi));
}

transfers::transfers() {
  initialise();
  multi_.reset(::curl_multi_init());
  if (!multi_) throw std::runtime_error("libcurl: no multi handle");
}

transfers::~transfers() {
  for (const auto& [id, one] : running_) ::curl_multi_remove_handle(multi_.get(), one->handle());
}

void transfers::start(std::size_t id, const request& what) {
  auto one = std::make_unique<transfer>(id, what);
  if (const auto code = ::curl_multi_add_handle(multi_.get(), one->handle()); code != CURLM_OK)
    throw std::runtime_error(std::string("libcurl: ") + ::curl_multi_strerror(code));
  running_[id] = std::move(one);
}

std::vector<transfers::finished> transfers::wait(std::chrono::milliseconds longest,
                                                 const base::wakeup* stop) {
  const base::deadline until(longest);
  for (;;) {
    int left = 0;
    ::curl_multi_perform(multi_.get(), &left);
    auto ended = collect();
    if (!ended.empty() || until.passed()) return ended;
    curl_waitfd stopper{stop != nullptr ? stop->fd() : -1, CURL_WAIT_POLLIN, 0};
    const auto time = std::min<std::int64_t>(until.left().count(), INT_MAX);
    ::curl_multi_poll(multi_.get(), &stopper, stop != nullptr ? 1 : 0, static_cast<int>(time),
                      nullptr);
    if (stopper.revents != 0) return {};
  }
}

std::vector<transfers::finished> transfers::collect() {
  std::vector<finished> ended;
  int queued = 0;
  while (const auto* message = ::curl_multi_info_read(multi_.get(), &queued)) {
    if (message->msg != CURLMSG_DONE) continue;
    auto* easy = message->easy_handle;
    const auto code = message->data.result;  // gone once the handle is removed
    char* owner = nullptr;
    ::curl_easy_getinfo(easy, CURLINFO_PRIVATE, &owner);
    const auto id = reinterpret_cast<transfer*>(owner)->id();
    ended.push_back({id, running_.at(id)->result(code)});
    ::curl_multi_remove_handle(multi_.get(), easy);
    running_.erase(id);
  }
  return ended;
}

}  // namespace switchyard::providers::rest
