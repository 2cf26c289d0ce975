// A server on loopback in threads of the test's own: each connection is served by one function.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace coupon {

class TestConnection {
  public:
    TestConnection(int fd, SSL_CTX* tls);
    ~TestConnection();

    // Up to and with `end`; nothing once the client has closed the connection.
    std::optional<std::string> read_until(const std::string& end);
    // A whole HTTP request with its body.
    std::optional<std::string> read_request();
    void write(const std::string& text);
    // A 200 with this body, on a connection that is kept.
    void answer(const std::string& body, const std::string& status = "200 OK");
    // The client sees an end, or a reset.
    void close();
    void reset();
    // Until the client or the test's end closes the connection.
    void wait_for_end();
    // Which connection of its server it is, from 1.
    int number = 0;

  private:
    friend class TestServer;
    std::optional<std::string> take(std::size_t bytes);
    bool read_more();

    std::atomic<int> fd_;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, SSL_free};
    std::string buffer_;
};

// A certificate for 127.0.0.1 that is its own authority.
struct TestCertificate {
    TestCertificate();
    ~TestCertificate();
    std::string path;  // of the certificate
    std::shared_ptr<SSL_CTX> context;
};

class TestServer {
  public:
    using Serve = std::function<void(TestConnection&)>;

    explicit TestServer(Serve serve, const TestCertificate* certificate = nullptr);
    ~TestServer();

    [[nodiscard]] std::string url(const std::string& scheme, const std::string& path = "/") const {
        return scheme + "://127.0.0.1:" + std::to_string(port_) + path;
    }
    [[nodiscard]] int connections() const noexcept { return connections_; }

  private:
    void accept_all();

    const Serve serve_;
    SSL_CTX* const tls_;
    int listener_;
    std::uint16_t port_ = 0;
    std::atomic<int> connections_{0};
    std::mutex mutex_;
    std::list<std::shared_ptr<TestConnection>> open_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

inline TestConnection::TestConnection(int fd, SSL_CTX* tls) : fd_(fd) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (tls != nullptr) {
        ssl_.reset(SSL_new(tls));
        SSL_set_fd(ssl_.get(), fd);
    }
}

inline TestConnection::~TestConnection() {
    close();
}

inline bool TestConnection::read_more() {
    std::array<char, 65536> bytes{};
    const auto count = ssl_ ? SSL_read(ssl_.get(), bytes.data(), bytes.size())
                            : static_cast<int>(::recv(fd_, bytes.data(), bytes.size(), 0));
    if (count <= 0) {
        return false;
    }
    buffer_.append(bytes.data(), static_cast<std::size_t>(count));
    return true;
}

inline std::optional<std::string> TestConnection::take(std::size_t bytes) {
    while (buffer_.size() < bytes) {
        if (!read_more()) {
            return std::nullopt;
        }
    }
    auto text = buffer_.substr(0, bytes);
    buffer_.erase(0, bytes);
    return text;
}

inline std::optional<std::string> TestConnection::read_until(const std::string& end) {
    std::size_t at = 0;
    while ((at = buffer_.find(end)) == std::string::npos) {
        if (!read_more()) {
            return std::nullopt;
        }
    }
    return take(at + end.size());
}

inline std::optional<std::string> TestConnection::read_request() {
    auto head = read_until("\r\n\r\n");
    if (!head) {
        return std::nullopt;
    }
    std::size_t length = 0;
    if (const auto at = head->find("Content-Length: "); at != std::string::npos) {
        length = std::stoul(head->substr(at + 16));
    }
    auto body = take(length);
    return body ? std::optional(*head + *body) : std::nullopt;
}

inline void TestConnection::write(const std::string& text) {
    if (ssl_) {
        SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
    } else {
        [[maybe_unused]] const auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    }
}

inline void TestConnection::answer(const std::string& body, const std::string& status) {
    write("HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
          body);
}

inline void TestConnection::close() {
    const int fd = fd_.exchange(-1);
    if (fd < 0) {
        return;
    }
    if (ssl_) {
        SSL_shutdown(ssl_.get());
    }
    ::close(fd);
}

inline void TestConnection::reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(fd_.exchange(-1));
}

inline void TestConnection::wait_for_end() {
    while (read_more()) {
    }
}

inline TestCertificate::TestCertificate() {
    const std::shared_ptr<EVP_PKEY> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const std::shared_ptr<X509> certificate(X509_new(), X509_free);
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400);
    auto* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("127.0.0.1"), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_set_pubkey(certificate.get(), key.get());
    const std::shared_ptr<X509_EXTENSION> address(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1"),
        X509_EXTENSION_free);
    X509_add_ext(certificate.get(), address.get(), -1);
    X509_sign(certificate.get(), key.get(), EVP_sha256());

    path = "/tmp/coupon_test_certificate.XXXXXX";
    const int fd = ::mkstemp(path.data());
    FILE* file = ::fdopen(fd, "w");
    PEM_write_X509(file, certificate.get());
    std::fclose(file);
    context.reset(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    SSL_CTX_use_certificate(context.get(), certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), key.get());
}

inline TestCertificate::~TestCertificate() {
    ::unlink(path.c_str());
}

inline TestServer::TestServer(Serve serve, const TestCertificate* certificate)
    : serve_(std::move(serve)),
      tls_(certificate != nullptr ? certificate->context.get() : nullptr),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 512) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::runtime_error("the test's server cannot listen");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
}

inline TestServer::~TestServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
        const std::lock_guard lock(mutex_);
        for (const auto& connection : open_) {
            ::shutdown(connection->fd_, SHUT_RDWR);
        }
    }
    for (auto& thread : threads_) {
        thread.join();
    }
}

inline void TestServer::accept_all() {
    while (true) {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        const std::lock_guard lock(mutex_);
        auto connection = std::make_shared<TestConnection>(fd, tls_);
        connection->number = ++connections_;
        open_.push_back(connection);
        threads_.emplace_back([this, connection] {
            if (!connection->ssl_ || SSL_accept(connection->ssl_.get()) == 1) {
                serve_(*connection);
            }
            const std::lock_guard held(mutex_);
            open_.remove(connection);
            connection->close();
        });
    }
}

}  // namespace coupon
