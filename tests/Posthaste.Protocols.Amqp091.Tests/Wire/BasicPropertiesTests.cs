using FsCheck;
using FsCheck.Fluent;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;

namespace Posthaste.Protocols.Amqp091.Tests.Wire;

public sealed class BasicPropertiesTests
{
    private static readonly FieldTable SomeHeaders = [new("a", 1), new("b", FieldValue.Array("x", true))];

    [Fact]
    public void Any_properties_are_decoded_as_they_were_encoded() => ForAll((properties, _) =>
    {
        var encoded = properties.Encode();
        Assert.True(BasicProperties.TryDecode(encoded, out var decoded));
        Assert.Equivalent(properties, decoded, strict: true);
        Assert.Equal(encoded, decoded.Encode());
    });

    [Fact]
    public void Any_properties_are_read_in_place_as_the_object_has_them() => ForAll((properties, _) =>
    {
        var encoded = properties.Encode();
        Assert.True(BasicPropertiesReader.TryRead(encoded, out var reader));
        Assert.True(BasicProperties.TryDecode(encoded, out var decoded));
        Assert.Equal(decoded.DeliveryMode ?? 0, reader.DeliveryMode);
        Assert.Equal(decoded.DeliveryMode == 2, reader.IsPersistent);
        Assert.Equal(decoded.Priority ?? 0, reader.Priority);
        Assert.Equal(decoded.Timestamp ?? 0, reader.Timestamp);
        Assert.Equal(decoded.Expiration is not null, reader.Has(BasicProperty.Expiration));
        Assert.Equal(ShortStrings.Encode(decoded.Expiration ?? ""), reader.Expiration.ToArray());
        Assert.Equal(ShortStrings.Encode(decoded.ClusterId ?? ""), reader.ClusterId.ToArray());
        Assert.Equal(FieldTableCodec.Encode(decoded.Headers ?? FieldTable.Empty), reader.Headers.ToArray());
    });

    [Fact]
    public void Any_edit_changes_what_it_names_and_keeps_the_rest() => ForAll((properties, removed) =>
    {
        Assert.True(BasicPropertiesReader.TryRead(properties.Encode(), out var reader));
        var edit = new BasicPropertiesEdit(reader);
        edit.SetHeaders(FieldTableCodec.Encode(SomeHeaders));
        edit.SetReplyTo("elsewhere"u8);
        edit.Remove(BasicProperty.Expiration);
        if (removed)
            edit.Remove(BasicProperty.ReplyTo);
        else
            edit.SetExpiration("5"u8);
        var edited = new byte[edit.Bytes];
        Assert.Equal(edited.Length, edit.Write(edited));

        properties.Headers = SomeHeaders;
        properties.ReplyTo = removed ? null : "elsewhere";
        properties.Expiration = removed ? null : "5";
        Assert.Equal(properties.Encode(), edited);
    });

    [Fact]
    public void No_cut_of_a_list_is_a_list()
    {
        var encoded = new BasicProperties { Headers = SomeHeaders, Timestamp = 1, AppId = "app" }.Encode();
        for (var length = 0; length < encoded.Length; length++)
            Assert.False(BasicPropertiesReader.TryRead(encoded.AsSpan(0, length), out _));
    }

    [Fact]
    public void A_text_that_does_not_fit_a_short_string_is_refused()
    {
        var properties = new BasicProperties { MessageId = new string('x', 256) };
        Assert.Throws<ArgumentException>(properties.Encode);
    }

    private static void ForAll(Action<BasicProperties, bool> check)
    {
        var text = Gen.Elements<string?>(null, null, "", "é", "text", new string('x', 255));
        var octet = Gen.Elements<byte?>(null, 0, 1, 2, 9, 255);
        var number = Gen.Elements<ulong?>(null, 0, 1_700_000_000, ulong.MaxValue);
        var headers = Gen.Elements<FieldTable?>(null, FieldTable.Empty, SomeHeaders);
        var samples =
            from texts in text.ArrayOf(10)
            from mode in octet
            from priority in octet
            from timestamp in number
            from table in headers
            select new BasicProperties
            {
                ContentType = texts[0],
                ContentEncoding = texts[1],
                Headers = table,
                DeliveryMode = mode,
                Priority = priority,
                CorrelationId = texts[2],
                ReplyTo = texts[3],
                Expiration = texts[4],
                MessageId = texts[5],
                Timestamp = timestamp,
                Type = texts[6],
                UserId = texts[7],
                AppId = texts[8],
                ClusterId = texts[9],
            };
        Prop.ForAll(samples.ToArbitrary(), Gen.Elements(true, false).ToArbitrary(), check).QuickCheckThrowOnFailure();
    }
}
