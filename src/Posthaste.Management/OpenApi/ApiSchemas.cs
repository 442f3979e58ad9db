namespace Posthaste.Management.OpenApi;

/// <summary>
/// What the API's objects are made of: a line of members each. A test holds answers against it.
/// <code>
///   name:type      a member           type[]   a list          string integer number boolean
///   name?:type     may be missing     type?    may be null     object (any members) any (any JSON)
///   name~          an integer, and name_details: its rate      Other (another line)
/// </code>
/// </summary>
internal static class ApiSchemas
{
    /// <summary>By name, in the order of the document.</summary>
    public static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>
    {
        ["Error"] = "error:string reason:string",

        ["Sample"] = "sample:integer timestamp:integer",
        ["Rate"] = "rate:number avg?:number avg_rate?:number samples?:Sample[]",
        ["MessageStats"] = """
            publish?~ publish_in?~ publish_out?~ confirm?~ return_unroutable?~ drop_unroutable?~ deliver?~
            deliver_no_ack?~ deliver_get?~ get?~ get_no_ack?~ get_empty?~ redeliver?~ ack?~ dead_letter_rejected?~
            dead_letter_expired?~ dead_letter_maxlen?~ dead_letter_delivery_limit?~
            """,
        ["QueueTotals"] = "messages~ messages_ready~ messages_unacknowledged~",

        ["Listener"] = "node:string protocol:string ip_address:string port:integer",
        ["ExchangeType"] = "name:string enabled:boolean",
        ["ObjectTotals"] = "connections:integer channels:integer queues:integer exchanges:integer consumers:integer",
        ["ChurnRates"] = """
            connection_created~ connection_closed~ channel_created~ channel_closed~ queue_declared~ queue_created~
            queue_deleted~
            """,
        ["Overview"] = """
            management_version:string rabbitmq_version:string product_name:string product_version:string
            erlang_version:string cluster_name:string node:string rates_mode:string sample_retention_policies:object
            disable_stats:boolean enable_queue_totals:boolean exchange_types:ExchangeType[] queue_totals:QueueTotals
            object_totals:ObjectTotals message_stats:MessageStats churn_rates:ChurnRates
            statistics_db_event_queue:integer listeners:Listener[] contexts:object[]
            """,
        ["Node"] = """
            name:string type:string running:boolean being_drained:boolean os_pid:string uptime:integer
            processors:integer proc_used:integer mem_used:integer mem_limit:integer mem_alarm:boolean
            disk_free_limit:integer disk_free_alarm:boolean journal_alarm:boolean rates_mode:string
            exchange_types:ExchangeType[] auth_mechanisms:AuthMechanism[] partitions:string[] cluster_links:object[]
            enabled_plugins:string[] applications:object[] contexts:object[] config_files:string[] log_files:string[]
            db_dir:string? fd_used:integer? fd_total:integer? sockets_used:integer sockets_total:integer
            disk_free:integer? quota_held_connections:integer quota_held_ms:integer login_failures:integer
            scheduled_messages:integer server_time_ms:integer pinned?:object
            """,
        ["AuthMechanism"] = "name:string enabled:boolean",
        ["NodeMemory"] = "memory:object",
        ["ClusterName"] = "name:string",
        ["WhoAmI"] = "name:string tags:string[]",
        ["AuthSettings"] = "oauth_enabled:boolean",
        ["AuthAttempts"] = """
            protocol:string auth_attempts:integer auth_attempts_failed:integer auth_attempts_succeeded:integer
            """,
        ["PasswordHash"] = "ok:string",
        ["FeatureFlag"] = "name:string state:string desc:string stability:string provided_by:string doc_url:string",

        ["CheckPassed"] = "status:string",
        ["CheckFailed"] = "status:string reason:string",
        ["ListenerCheckPassed"] = "status:string port?:integer protocols?:string[]",
        ["ListenerCheckFailed"] = """
            status:string reason:string missing:any ports?:integer[] protocols?:string[]
            """,
        ["Alarm"] = "node:string resource:string cause:string advice:string",
        ["BrokerAlarm"] = "name:string severity:string title:string cause:string effect:string advice:string",
        ["AlarmCheckFailed"] = "status:string reason:string alarms:Alarm[]",
        ["ExpiringCertificate"] = "node:string protocol:string interface:string port:integer expires_at:string",
        ["CertificateCheckFailed"] = "status:string reason:string expired:ExpiringCertificate[]",
        ["ConnectionCheckFailed"] = "status:string reason:string connections?:integer",

        ["VirtualHost"] = """
            name:string description:string tags:string[] default_queue_type:string protected_from_deletion:boolean
            tracing:boolean metadata:object cluster_state:object message_stats:MessageStats recv_oct~ send_oct~
            recv_cnt:integer send_cnt:integer messages~ messages_ready~ messages_unacknowledged~
            """,
        ["VirtualHostPut"] = "description?:string tags?:any default_queue_type?:string tracing?:boolean " +
            "protected_from_deletion?:boolean",
        ["User"] = """
            name:string password_hash:string hashing_algorithm:string tags:string[] limits:object
            """,
        ["UserPut"] = """
            password?:string password_hash?:string hashing_algorithm?:string keep_password?:boolean tags:any
            limits?:object
            """,
        ["UserNames"] = "users:string[]",
        ["Permission"] = "user:string vhost:string configure:string write:string read:string",
        ["AccessAnswer"] = "user:string vhost:string allowed:boolean reason:string?",
        ["PermissionPut"] = "configure:string write:string read:string",
        ["TopicPermission"] = "user:string vhost:string exchange:string write:string read:string",
        ["TopicPermissionPut"] = "exchange:string write:string read:string",
        ["VirtualHostLimits"] = "vhost:string value:object",
        ["UserLimits"] = "user:string value:object",
        ["LimitPut"] = "value:integer",

        ["Policy"] = "vhost:string name:string pattern:string definition:object priority:integer apply-to:string",
        ["PolicyPut"] = "pattern:string definition:object priority?:integer apply-to?:string",
        ["Parameter"] = "vhost:string component:string name:string value:any",
        ["GlobalParameter"] = "name:string value:any",
        ["ParameterPut"] = "value:any",

        ["Exchange"] = """
            name:string vhost:string type:string durable:boolean auto_delete:boolean internal:boolean arguments:object
            message_stats:MessageStats policy:string? operator_policy:string? effective_policy_definition:object
            """,
        ["ExchangePut"] = """
            type?:string durable?:boolean auto_delete?:boolean internal?:boolean arguments?:object
            """,
        ["Publish"] = """
            routing_key:string payload:string payload_encoding?:string properties?:any
            """,
        ["Published"] = "routed:boolean",
        ["Explain"] = "routing_key:string properties?:object user?:string",
        ["Explanation"] = "outcome:string reason:string? user:string steps:object[] queues:object[]",
        ["Binding"] = """
            source:string vhost:string destination:string destination_type:string routing_key:string arguments:object
            properties_key:string
            """,
        ["BindingPost"] = "routing_key?:string arguments?:object",

        ["Queue"] = """
            name:string vhost:string type:string durable:boolean exclusive:boolean auto_delete:boolean arguments:object
            state:string node:string consumers?:integer consumer_capacity?:number consumer_utilisation?:number
            exclusive_consumer_tag?:string? single_active_consumer_tag?:string? message_bytes?:integer
            message_bytes_ready?:integer messages_ram?:integer messages_paged_out?:integer memory?:integer
            idle_since?:string messages?~ messages_ready?~ messages_unacknowledged?~ message_stats?:MessageStats
            policy?:string? operator_policy?:string? effective_policy_definition?:object consumer_details?:Consumer[]
            deliveries?:object[] incoming?:object[] pinned?:object oldest_unacknowledged?:object
            """,
        ["QueuePut"] = "durable?:boolean auto_delete?:boolean arguments?:object",
        ["QueueAction"] = "action:string",
        ["Get"] = "count?:integer ackmode?:string encoding?:string truncate?:integer",
        ["Message"] = """
            payload:string payload_bytes:integer payload_encoding:string properties:object exchange:string
            routing_key:string redelivered?:boolean message_count?:integer
            """,
        ["BrowsedMessage"] = """
            id:string position?:integer payload:string payload_bytes:integer payload_encoding:string
            properties:object exchange:string routing_key:string redelivered:boolean
            """,
        ["Browsed"] = "messages:BrowsedMessage[] end:string next:integer",
        ["Session"] = "channel_number:integer",
        ["DeadLetterGroup"] = """
            queue:string? reason:string? messages:integer deaths:integer first_death_ms:integer? last_death_ms:integer?
            """,
        ["DeadLetterQueue"] = """
            name:string vhost:string messages:integer consumers:integer origin_count:integer origins:string[]
            """,
        ["DeadLetters"] = """
            messages:integer scanned:integer is_complete:boolean never_died:integer groups:DeadLetterGroup[]
            """,
        ["Redrive"] = """
            dry_run?:boolean background?:boolean queue?:string reason?:string from_ms?:integer until_ms?:integer
            header?:string header_value?:string count?:integer rate?:integer
            """,
        ["MovePost"] = """
            destination:string dry_run?:boolean background?:boolean queue?:string reason?:string from_ms?:integer
            until_ms?:integer header?:string header_value?:string count?:integer rate?:integer
            """,
        ["Move"] = """
            id:string vhost:string queue:string destination:string? user:string running:boolean started_ms:integer
            ended_ms:integer? messages:integer count:integer? rate:integer? scanned:integer matched:integer
            moved:integer targets:object stopped:string?
            """,
        ["Moved"] = "scanned:integer matched:integer moved:integer targets:object stopped:string?",
        ["DelayingExchange"] = "vhost:string name:string messages:integer messages_due:integer message_bytes:integer",
        ["DelayedMessage"] = """
            id:string due_ms:integer received_ms:integer exchange:string routing_key:string payload_bytes:integer
            """,
        ["DelayedMessages"] = """
            messages:integer messages_due:integer is_complete:boolean items:DelayedMessage[] next:string?
            """,
        ["Cancelled"] = "cancelled:integer",

        ["ConnectionDetails"] = "name:string peer_host:string? peer_port:integer? protocol:string",
        ["Connection"] = """
            name:string user_provided_name:string? user:string vhost:string protocol:string peer_host:string?
            peer_port:integer? host:string? port:integer? ssl:boolean state:string connected_at:integer node:string
            type:string user_who_performed_action:string channels:integer send_pend:integer publishes_to:string[]
            message_stats:MessageStats recv_oct~ send_oct~ recv_cnt:integer send_cnt:integer
            """,
        ["Channel"] = """
            name:string number:integer connection_details:ConnectionDetails vhost:string user:string
            user_who_performed_action:string node:string state:string confirm:boolean transactional:boolean
            prefetch_count:integer global_prefetch_count:integer consumer_count:integer
            messages_unacknowledged:integer messages_unconfirmed:integer messages_uncommitted:integer
            acks_uncommitted:integer oldest_unacknowledged_ms:integer? message_stats:MessageStats
            consumer_details?:Consumer[]
            """,
        ["Consumer"] = """
            consumer_tag:string queue:object channel_details:object ack_required:boolean exclusive:boolean
            prefetch_count:integer active:boolean activity_status:string arguments:object
            messages_unacknowledged:integer
            """,

        ["Definitions"] = """
            rabbit_version?:string rabbitmq_version?:string product_name?:string users?:object[] vhosts?:object[]
            permissions?:object[] topic_permissions?:object[] parameters?:Parameter[]
            global_parameters?:GlobalParameter[] policies?:object[] queues?:object[] exchanges?:object[]
            bindings?:object[]
            """,
    };
}
