using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Bytes of xorbs, by signed links.</summary>
internal static class XorbData
{
    private static readonly string[] Verbs = [HttpMethods.Get, HttpMethods.Head];

    public static void MapXorbData(this IEndpointRouteBuilder xet) => xet.MapMethods("/data/{xorb}", Verbs, Read);

    private static async Task<IResult> Read([AsParameters] SignedXorbLink signed, XorbStore xorbs, LinkKeys keys, TimeProvider clock, HttpContext context, CancellationToken cancel)
    {
        var link = XorbLink.Read(signed, await keys.CurrentAsync(cancel), clock);
        var table = xorbs.Table(link.Xorb) ?? throw new Refusal(RefusalCode.NotFound, "The server does not have this xorb any more. Ask for a new reconstruction.");
        var part = link.Require(ByteRange.Parse(context.Request.Headers.Range, table.RecordBytes, out _));
        context.Response.ContentType = "application/octet-stream";
        return new Delivery(table.RecordBytes, link.Xorb.ToString(), (start, _) =>
        {
            var records = new FileStream(xorbs.Open(link.Xorb), FileAccess.Read, bufferSize: 0) { Position = start };
            return Task.FromResult<Stream>(records);
        })
        { Part = part };
    }
}
