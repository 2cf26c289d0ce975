// The statements of EnvelopeTable, made for one table and the type of its ids.
#pragma once

#include <string>

namespace coupon {

// $1 ids as uuids, $2 as they were given, $3 type, $4 "to", $5 data, $6 keys, $7 attempts, $8
// correlation ids, $9 enqueued and $10 scheduled in ms, $11 errors, $12 raw texts: arrays; $13 the
// queue. A row for each that became one: whether it failed.
//
// `apart`: only those whose id, or whose key for want of another, is that of a row which is clearly
// another message; under an identity made of type, recipient and id.
std::string envelope_insert_sql(const std::string& table, const std::string& id_type, bool apart);

// The same for a table whose jobs have no recipient but a network, which their data names; $1 to $12.
std::string job_insert_sql(const std::string& table);

// $1 the most; ids as text.
std::string rows_without_key_sql(const std::string& table);

// $1 ids as text, $2 the queue. A row for each that was written: its status.
std::string give_keys_sql(const std::string& table, const std::string& id_type);

// $1 the id, $2 why, $3 the queue.
std::string fail_row_sql(const std::string& table, const std::string& id_type);

}  // namespace coupon
